"""Rows of gold by hand, for what models learn from; day 1 is 2026-01-01."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from playhead.contracts.derive import spark_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_table import append_rows
from playhead.io.staged_files import publish_staged, stage_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Rows = Callable[[str, list[dict[str, Any]]], "DataFrame"]

FIRST_DAY = date(2026, 1, 1)
_DEFAULTS: dict[str, Any] = {"platform": "web", "subscription_tier": "premium", "is_paid": True}


@pytest.fixture(scope="session")
def gold(spark: SparkSession) -> Rows:
    """`gold("gold.user_daily", [{"day": 3, "user": "u1", "watched_ms": 60000}])`: day 1 is 2026-01-01; what is not told is 0."""

    def make(table: str, given: list[dict[str, Any]]) -> DataFrame:
        contract = load_contract(table)
        zeros = {
            c.name: Decimal(0) if c.type.startswith("decimal") else 0 for c in contract.columns if c.type.startswith(("decimal", "bigint"))
        }
        filled = []
        for told in given:
            row = dict(told)
            times = {"event_date": FIRST_DAY + timedelta(days=row.pop("day") - 1)}
            who = {"viewer_id": row["user"], "user_id": row.pop("user")}
            values = zeros | _DEFAULTS | times | who | row
            filled.append(tuple(values.get(name) for name in contract.column_names))
        return spark.createDataFrame(filled, spark_schema(contract))

    return make


@pytest.fixture(scope="session")
def publish(spark: SparkSession, gold: Rows) -> Callable[..., None]:
    """`publish(lake, "gold.user_daily", rows)`: the days as build_daily would publish them, told in ops.publish_log unless log=False."""

    def make(lake: str, table: str, rows: list[dict[str, Any]], *, log: bool = True) -> None:
        contract = load_contract(table)
        days = sorted({FIRST_DAY + timedelta(days=row["day"] - 1) for row in rows})
        directory = stage_rows(gold(table, rows), lake, contract, "b")
        version = publish_staged(spark, lake, contract, directory, staged=days, keys=days, mark=directory)
        if log:
            fixed = {"run_id": "b", "partition_key": "2026-01-01", "dag_id": "build_daily", "bronze_version": 7, "inputs": {}}
            told = {"table_name": table, "table_version": version, "rows_count": 1, "content_hash": "", "published_at": datetime.now(UTC)}
            append_rows(lake, "ops.publish_log", [{**fixed, **told}])

    return make
