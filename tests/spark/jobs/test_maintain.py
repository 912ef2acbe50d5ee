"""Maintenance: closed days come into one file, and nothing else changes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from playhead.contracts.model import load_contract
from playhead.io.delta import has_files_to_merge, read_table, replace_partitions, table_path
from playhead.jobs.maintain import maintain_tables
from playhead.silver.interactions import build_interactions

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.slow]

TABLE = "silver.interactions"
CLOSED, OPEN = "`event_date` = DATE '2026-01-20'", "`event_date` = DATE '2026-01-31'"


def test_maintain__merges_closed_days_once(spark: SparkSession, lake: str, land: Any, event: Any) -> None:
    hours = ["20T05", "20T07", "31T05", "31T07"]
    land(*(event(f"{hour}:10", "user_like") for hour in hours))
    rows = build_interactions(read_table(spark, lake, "bronze.events"), read_table(spark, lake, "ops.id_conflicts"))
    for hour in hours:
        key = f"2026-01-{hour}"
        of_hour = rows.where(f"event_hour = TIMESTAMP '{key.replace('T', ' ')}:00:00Z'")
        replace_partitions(spark, of_hour, lake, load_contract(TABLE), [key])
    before = sorted(row.event_id for row in read_table(spark, lake, TABLE).collect())
    assert has_files_to_merge(spark, lake, TABLE, CLOSED)

    maintain_tables(spark, lake, today=date(2026, 1, 31))

    assert not has_files_to_merge(spark, lake, TABLE, CLOSED)
    assert has_files_to_merge(spark, lake, TABLE, OPEN)
    assert sorted(row.event_id for row in read_table(spark, lake, TABLE).collect()) == before
    maintain_tables(spark, lake, today=date(2026, 1, 31))
    history = spark.sql(f"DESCRIBE HISTORY delta.`{table_path(lake, TABLE)}`")
    assert history.where("operation = 'OPTIMIZE'").count() == 1
