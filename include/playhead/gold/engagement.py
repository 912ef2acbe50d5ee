"""The one definition of engagement: what a viewer's day is worth, from 0 to 10.

    score = 6 x min(watched / 60 min, 1) + 2 x min(completed / 2, 1) + 1 x min(interactions / 3, 1) + 1 x min(titles / 3, 1)

It never falls when a viewer watches longer, completes more, interacts more or tries more titles, and it cannot leave 0..10. The weights
meet the segments that are read from it: an hour watched with two titles completed is 8 (Power), half an hour with two completed and some
interaction is 6 (Regular), a quarter of an hour with one completed is about 3 (Casual).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column

# Points times 3,600,000, so that every term is a whole number and the score is one exact division.
_SCALE = 3_600_000
_FULL = {
    # measure: (amount that earns all its points, its points x _SCALE)
    "watched_ms": (3_600_000, 6 * _SCALE),
    "completed_count": (2, 2 * _SCALE),
    "interactions_count": (3, 1 * _SCALE),
    "unique_titles_count": (3, 1 * _SCALE),
}


def engagement_score() -> Column:
    """Engagement of a row that carries watched_ms, completed_count, interactions_count and unique_titles_count: DECIMAL(6,4), half up."""
    points = F.lit(0).cast("bigint")
    for measure, (full, points_at_full) in _FULL.items():
        points = points + F.least(F.col(measure), F.lit(full).cast("bigint")) * F.lit(points_at_full // full).cast("bigint")
    return F.round(points.cast("decimal(12,0)") / F.lit(_SCALE).cast("decimal(12,0)"), 4).cast("decimal(6,4)")
