"""silver.interactions: likes, comments, shares and the like, each once; the text of comments stays in bronze."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.silver.arrivals import build_events

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def build_interactions(events: DataFrame, id_conflicts: DataFrame) -> DataFrame:
    """Interactions of the given bronze rows; grain, late data and reruns as in `arrivals.build_events`."""
    return build_events(
        events,
        id_conflicts,
        family="interaction",
        table="silver.interactions",
        derived={"comment_chars_count": F.char_length(F.col("comment_text"))},
    )
