"""Maintenance: closed days come into one file, and nothing else changes."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from playhead.contracts.model import load_contract
from playhead.io import delta_table
from playhead.io.delta import read_table, vacuum
from playhead.io.delta_table import append_rows, find_table, table_path
from playhead.io.staged_files import publish_staged, stage_rows
from playhead.jobs.maintain import maintain_bronze, maintain_tables
from playhead.jobs.plan import plan_build
from playhead.jobs.record import record_run
from playhead.silver.interactions import build_interactions

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.slow]

TABLE = "silver.interactions"
CLOSED, OPEN = date(2026, 1, 20), date(2026, 1, 31)


@pytest.fixture
def two_files_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files of a day are merged already."""
    monkeypatch.setattr(delta_table, "FEW_FILES", 1)


def to_merge(lake: str, name: str) -> list[date]:
    table = find_table(lake, name)
    assert table is not None
    return delta_table.days_to_merge(table, date.min, date.max)


@pytest.mark.usefixtures("two_files_are_many")
def test_maintain__merges_closed_days_once(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    hours = ["20T05", "20T07", "31T05", "31T07"]
    land(*(event(f"{hour}:10", "user_like") for hour in hours))
    rows = build_interactions(read_table(spark, lake, "bronze.events"), read_table(spark, lake, "ops.id_conflicts"))
    for hour in hours:
        key = f"2026-01-{hour}"
        of_hour = rows.where(f"event_hour = TIMESTAMP '{key.replace('T', ' ')}:00:00Z'")
        directory = stage_rows(of_hour, lake, load_contract(TABLE), "test")
        publish_staged(spark, lake, load_contract(TABLE), directory, staged=[key], keys=[key], mark=key)
    before = sorted(row.event_id for row in read_table(spark, lake, TABLE).collect())
    assert to_merge(lake, TABLE) == [CLOSED, OPEN]

    maintain_tables(spark, lake, today=date(2026, 1, 31))

    assert to_merge(lake, TABLE) == [OPEN]
    assert sorted(row.event_id for row in read_table(spark, lake, TABLE).collect()) == before
    maintain_tables(spark, lake, today=date(2026, 1, 31))
    history = spark.sql(f"DESCRIBE HISTORY delta.`{table_path(lake, TABLE)}`")
    assert history.where("operation = 'OPTIMIZE'").count() == 1


@pytest.mark.usefixtures("two_files_are_many")
def test_maintain_bronze__merges_closed_days_and_touches_no_hour(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    for day in ("20", "20", "31", "31"):
        land(event(f"{day}T05:10"))
    plan_build(spark, lake, dag_id="build_test", run_id="before", kind="pull")
    record_run(spark, lake, "before")

    maintain_bronze(lake, today=date(2026, 1, 31))

    assert to_merge(lake, "bronze.events") == [OPEN], "the app still lands there"
    assert read_table(spark, lake, "bronze.events").count() == 4
    assert plan_build(spark, lake, dag_id="build_test", run_id="after", kind="pull").event_hours == ()


def test_vacuum__removes_what_is_older_than_the_retention_and_leaves_young_tables_alone(
    spark: SparkSession, lake: str, tmp_path: Path, at: Any
) -> None:
    conflict = {"event_id": "x", "event_hour": at("31T06:00"), "kept_event_hour": at("31T05:00"), "conflict": "other_hour"}
    append_rows(lake, "ops.id_conflicts", [conflict | {"found_at": at("31T07:00")}])
    month_ago = datetime.now(UTC) - timedelta(days=30)
    abandoned = Path("runs", "crashed", "attempt", "part-abandoned.parquet")
    left = Path(table_path(lake, "ops.id_conflicts")) / abandoned
    left.parent.mkdir(parents=True)
    left.touch()
    os.utime(left, (month_ago.timestamp(), month_ago.timestamp()))

    assert not vacuum(spark, lake, "ops.id_conflicts")
    assert left.exists()

    old_lake = str(tmp_path / "old")
    shutil.copytree(lake, old_lake)
    _created_at(Path(table_path(old_lake, "ops.id_conflicts")), month_ago)
    assert vacuum(spark, old_lake, "ops.id_conflicts")
    assert not (Path(table_path(old_lake, "ops.id_conflicts")) / abandoned).exists()
    assert read_table(spark, old_lake, "ops.id_conflicts").count() == 1


def _created_at(table: Path, moment: datetime) -> None:
    """Rewrite when a table was created."""
    first = table / "_delta_log" / f"{0:020d}.json"
    actions = [json.loads(line) for line in first.read_text(encoding="utf-8").splitlines()]
    for action in actions:
        if "metaData" in action:
            action["metaData"]["createdTime"] = int(moment.timestamp() * 1000)
    first.write_text("\n".join(map(json.dumps, actions)), encoding="utf-8")
    for checksum in first.parent.glob("*.crc"):
        checksum.unlink()
