"""What one run of a build told of itself, from synthetic logs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playhead.io.delta_table import append_rows
from playhead.lakehouse_page.runs import PublishedTable, read_run

DAG, RUN = "build_hourly", "manual__2026-03-03T12:30:00+00:00"
KEY = "build_hourly__manual__2026-03-03T12-30-00-00-00"
AT = datetime(2026, 3, 3, 12, 30, tzinfo=UTC)
Tell = Callable[..., None]


def published(lake: str, run_id: str, partitions: dict[str, list[str]], version: int) -> None:
    told = {"run_id": run_id, "dag_id": DAG, "bronze_version": 9, "inputs": {}, "rows_count": 5, "content_hash": "a", "published_at": AT}
    rows = [{"table_name": table, "partition_key": key} for table, keys in partitions.items() for key in keys]
    append_rows(lake, "ops.publish_log", [told | {"table_version": version} | row for row in rows])


def test_read_run__tells_what_was_read_published_left_and_refused(lake: str, build: Tell) -> None:
    build(9, ["2026-03-03T08"], AT, run_id=KEY, touched=["2026-03-03T10", "2026-03-03T09"], refused=["gold.qoe_hourly/2026-03-03T10"])
    published(lake, KEY, {"silver.sessions": ["2026-03-03T09", "2026-03-03T10"], "gold.qoe_hourly": ["2026-03-03T09"]}, 4)
    published(lake, "another", {"silver.sessions": ["2026-03-03T11"]}, 5)
    told = read_run(lake, DAG, RUN)

    assert told is not None
    assert (told.kind, told.bronze_version, told.finished_at) == ("pull", 9, AT)
    assert (told.hours, told.pending_hours) == (["2026-03-03T09", "2026-03-03T10"], ["2026-03-03T08"])
    assert told.refused == ["gold.qoe_hourly/2026-03-03T10"]
    # sessions: 2 partitions of 5 rows
    assert told.tables == [
        PublishedTable("gold.qoe_hourly", 4, 1, 5, "2026-03-03T09", "2026-03-03T09"),
        PublishedTable("silver.sessions", 4, 2, 10, "2026-03-03T09", "2026-03-03T10"),
    ]


def test_read_run__a_run_that_was_cleared_and_run_again_is_told_as_it_was_last(lake: str, build: Tell) -> None:
    build(9, [], AT, run_id=KEY)
    build(10, [], AT + timedelta(hours=1), run_id=f"{KEY}~2")
    published(lake, KEY, {"silver.sessions": ["2026-03-03T09"]}, 4)
    told = read_run(lake, DAG, RUN)
    assert told is not None
    assert (told.bronze_version, told.tables) == (10, [])


def test_read_run__of_a_run_that_built_nothing_nothing_is_told(lake: str, build: Tell) -> None:
    assert read_run(lake, DAG, RUN) is None
    build(9, [], AT, run_id=f"{KEY}-of-another")
    assert read_run(lake, DAG, RUN) is None
