"""Which partitions a load brings over, from the rows of the two logs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playhead.warehouse.plan import PartitionState, changed, latest_publishes, pinned_versions, plan_loads


def at(minute: int) -> datetime:
    return datetime(2026, 11, 24, 6, minute, tzinfo=UTC)


def publish(table: str, key: str, version: int, minute: int = 0) -> dict[str, Any]:
    return {"table_name": table, "partition_key": key, "table_version": version, "content_hash": f"h{version}", "published_at": at(minute)}


def test_pinned_versions__are_those_of_the_newest_build_that_has_gold() -> None:
    builds = [
        {"finished_at": at(1), "published": [("gold.user_daily", 3), ("silver.playbacks", 9)]},
        {"finished_at": at(3), "published": [("silver.playbacks", 11)]},
        {"finished_at": at(2), "published": [("gold.user_daily", 4), ("gold.qoe_hourly", 2)]},
    ]
    publishes = [
        publish("gold.churn_scores", "2026-11-23", 0),
        publish("gold.churn_scores", "2026-11-24", 1),
        publish("gold.user_daily", "2026-11-24", 5),
    ]
    assert pinned_versions(builds, publishes) == {"gold.user_daily": 4, "gold.qoe_hourly": 2, "gold.churn_scores": 1}


def test_pinned_versions__a_built_table_that_no_build_names_is_not_read() -> None:
    assert pinned_versions([], [publish("gold.user_daily", "2026-11-24", 5)]) == {}


def test_latest_publishes__leaves_out_what_came_after_the_pinned_version() -> None:
    rows = [
        publish("gold.user_daily", "2026-11-23", 1),
        publish("gold.user_daily", "2026-11-24", 3, 3),
        publish("gold.user_daily", "2026-11-24", 2, 2),
    ]
    pinned = {"gold.user_daily": 2}
    assert latest_publishes(rows, pinned) == {
        "gold.user_daily": {"2026-11-23": PartitionState(1, "h1"), "2026-11-24": PartitionState(2, "h2")}
    }


def test_changed__newer_missing_and_restored_partitions() -> None:
    published = {"a": PartitionState(2, "x"), "b": PartitionState(1, "y"), "c": PartitionState(5, "z"), "d": PartitionState(3, "w")}
    loaded = {"a": PartitionState(1, "x"), "c": PartitionState(5, "z"), "d": PartitionState(4, "v")}
    # a was published again, b never loaded, c is as it was, d went back to an older state
    assert sorted(changed(published, loaded)) == ["a", "b", "d"]


def test_plan_loads__of_a_lake_without_tables_is_empty(tmp_path: Path) -> None:
    assert plan_loads(str(tmp_path), {}) == []
