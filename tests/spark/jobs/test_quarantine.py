"""The quarantine: what was rejected and not replayed, chosen by reason, id or condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from playhead.errors import BuildError
from playhead.io.delta import read_table
from playhead.jobs.quarantine import Choice, build_quarantine, count_reasons, filter_chosen

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.spark


@pytest.fixture
def bronze(spark: SparkSession, lake: str, land: Any, event: Any) -> DataFrame:
    """Three rejected records, of which offset 3 was replayed; the replay, offset 4, was rejected again."""
    rejected = {"event_hour": None, "raw": b"{}"}
    land(
        event("31T05:10", offset=1),
        event("31T05:10", offset=2, rejected_because=["required:user_agent"], **rejected),
        event("31T05:10", offset=3, rejected_because=["required:user_agent", "mistyped"], **rejected),
        event("31T06:10", offset=4, rejected_because=["mistyped"], replay_of="video_events/0/3", **rejected),
    )
    return read_table(spark, lake, "bronze.events")


def ids(chosen: DataFrame) -> list[str]:
    return sorted(row.record_id for row in chosen.collect())


def test_build_quarantine__what_was_replayed_has_left_it(bronze: DataFrame) -> None:
    assert ids(build_quarantine(bronze)) == ["video_events/0/2", "video_events/0/4"]


def test_count_reasons__by_day_topic_and_reason(bronze: DataFrame) -> None:
    counted = count_reasons(build_quarantine(bronze))
    assert [(row["topic"], row["reason"], row["records_count"]) for row in counted] == [
        ("video_events", "mistyped", 1),
        ("video_events", "required:user_agent", 1),
    ]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(reasons=("mistyped",)), ["video_events/0/4"]),
        (Choice(reasons=("mistyped",), again=True), ["video_events/0/3", "video_events/0/4"]),
        (Choice(ids=("video_events/0/2", "video_events/0/1")), ["video_events/0/2"]),
        (Choice(where="landed_at < '2026-01-31T06:00:00Z'"), ["video_events/0/2"]),
    ],
)
def test_filter_chosen__reasons_ids_and_conditions(bronze: DataFrame, choice: Choice, expected: list[str]) -> None:
    assert ids(filter_chosen(bronze, choice)) == expected


def test_filter_chosen__a_wrong_condition_is_one_clear_line(bronze: DataFrame) -> None:
    with pytest.raises(BuildError, match="is no condition on record_id, topic"):
        filter_chosen(bronze, Choice(where="no_such_column = 1"))
