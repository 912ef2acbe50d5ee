"""The engagement score: worked values, bounds and monotony."""

from __future__ import annotations

from decimal import Decimal

import pytest

from playhead.gold.engagement import engagement_score

_COLUMNS = "watched_ms bigint, completed_count bigint, interactions_count bigint, unique_titles_count bigint"
MINUTE = 60_000


def _scores(spark, rows):
    frame = spark.createDataFrame(list(enumerate(rows)), f"n int, d struct<{_COLUMNS}>").select("n", "d.*")
    return [r.score for r in frame.select("n", engagement_score().alias("score")).orderBy("n").collect()]


def test_engagement__worked_values(spark):
    days = [
        (0, 0, 0, 0),
        (60 * MINUTE, 2, 0, 0),  # 6 + 2
        (30 * MINUTE, 2, 2, 1),  # 3 + 2 + 2/3 + 1/3
        (15 * MINUTE, 1, 1, 1),  # 1.5 + 1 + 1/3 + 1/3 = 3.16667, half up
        (18, 0, 0, 0),  # 6 x 18 / 3600000 = 0.00003, rounds to nothing
        (30, 0, 0, 0),  # 6 x 30 / 3600000 = 0.00005, half up
        (24 * 60 * MINUTE, 90, 90, 90),
    ]
    expected = [Decimal(text) for text in ("0", "8", "6", "3.1667", "0", "0.0001", "10")]

    assert _scores(spark, days) == expected


@pytest.mark.parametrize("measure", range(4), ids=["watched", "completed", "interactions", "titles"])
def test_engagement__never_falls_and_stays_within_bounds(spark, measure):
    base = [20 * MINUTE, 1, 1, 1]
    steps = [0, 1, 2, 3, 4, 50, 10**12]
    days = [tuple(amount * (MINUTE if measure == 0 else 1) if i == measure else base[i] for i in range(4)) for amount in steps]

    scores = _scores(spark, days)

    assert scores == sorted(scores)
    assert scores[0] < scores[1]
    assert 0 <= min(scores) <= max(scores) <= 10
