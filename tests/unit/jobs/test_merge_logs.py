"""The nightly maintenance merges what each run appends to the logs. No engine runs."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import create_autospec

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from playhead.deadlines.notices import NOTICES, Notice, tell_sent
from playhead.errors import LockHeldError
from playhead.io import lock
from playhead.io.delta_table import FEW_FILES, append_rows, query_log, table_path
from playhead.jobs import maintain
from playhead.jobs.maintain import merge_logs

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
CONFLICTS, RESTATEMENTS = "ops.id_conflicts", "ops.restatements"


@pytest.fixture
def logs(lake: str) -> str:
    """Three logs with a file of every run, or notice."""
    for run in range(FEW_FILES + 1):
        told = {"run_id": f"run{run}", "table_name": "gold.user_daily", "partition_key": "2026-01-30", "measure_name": "rows_count"}
        told |= {"dag_id": "build_daily", "cause": "late_data"}
        times = {"published_at": NOON, "restated_at": NOON}
        append_rows(lake, RESTATEMENTS, [told | times | {"old_value": None, "new_value": 5}])
        conflict = {"event_id": f"e{run}", "event_hour": NOON, "kept_event_hour": NOON, "conflict": "other_hour", "found_at": NOON}
        append_rows(lake, CONFLICTS, [conflict])
        notice = Notice("missed", "gold.user_daily", f"2026-01-{run + 1:02}", NOON, "owner@playhead.example")
        tell_sent(lake, [notice], told_by="watcher", now=NOON)
    return lake


def files(lake: str, name: str) -> int:
    return len(DeltaTable(table_path(lake, name)).file_uris())


def test_merge_logs__one_file_in_the_place_of_many_and_every_row_kept(logs: str) -> None:
    merge_logs(logs)
    assert files(logs, RESTATEMENTS) == files(logs, NOTICES) == 1
    assert query_log(logs, RESTATEMENTS, "SELECT count(*) AS n FROM log") == [{"n": FEW_FILES + 1}]


def test_maintain_tables__merges_the_logs(logs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintain, "vacuum", lambda *_: None)
    maintain.maintain_tables(create_autospec(SparkSession), logs)
    assert files(logs, RESTATEMENTS) == 1


def test_merge_logs__what_builds_are_made_from_keeps_its_versions(logs: str) -> None:
    version = DeltaTable(table_path(logs, CONFLICTS)).version()
    merge_logs(logs)
    assert DeltaTable(table_path(logs, CONFLICTS)).version() == version


def test_merge_logs__not_while_another_writes(logs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def now_or_never(lake: str, table: str, *, holder: str) -> object:
        return lock.table_lock(lake, table, holder=holder, wait_s=0)

    monkeypatch.setattr(maintain, "table_lock", now_or_never)
    with lock.table_lock(logs, RESTATEMENTS, holder="a run"), pytest.raises(LockHeldError, match="a run"):
        merge_logs(logs)
    assert files(logs, RESTATEMENTS) == FEW_FILES + 1
