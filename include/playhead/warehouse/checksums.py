"""Reconciliation: row counts and sums of every measure by partition, in the warehouse against the lakehouse."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from playhead.contracts.shapes import Contract
from playhead.errors import MismatchError
from playhead.io.partitions import day_key, hour_key, merge_ranges
from playhead.io.snowflake import fetch_rows
from playhead.warehouse.schema import warehouse_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from snowflake.connector import SnowflakeConnection

logger = logging.getLogger(__name__)

ROWS = "rows"
Checksums = dict[str, dict[str, int | Decimal | None]]


def measures(contract: Contract) -> list[str]:
    """The columns whose sums are compared: whole numbers and decimals, which add up the same in any order."""
    return [c.name for c in contract.columns if c.type == "bigint" or c.type.startswith("decimal")]


def lakehouse_checksums(frame: DataFrame, contract: Contract) -> Checksums:
    """Rows and sums of every partition of the frame."""
    from pyspark.sql import functions as F

    sums = [F.sum(F.col(name).cast(_spark_sum_type(contract, name))).alias(name) for name in measures(contract)]
    # Formatted by the engine, whose session is in UTC; a Python timestamp would come in this machine's zone.
    pattern = "yyyy-MM-dd'T'HH" if contract.partition == "event_hour" else "yyyy-MM-dd"
    keyed = frame.withColumn("_key", F.date_format(contract.partition, pattern))
    rows = keyed.groupBy("_key").agg(F.count(F.lit(1)).alias(ROWS), *sums).collect()
    return {row["_key"]: {name: row[name] for name in (ROWS, *measures(contract))} for row in rows}


def warehouse_checksums(connection: SnowflakeConnection, contract: Contract, keys: Sequence[str]) -> Checksums:
    """Rows and sums of these partitions as the warehouse holds them in this transaction."""
    condition, values = partition_condition(contract, keys)
    # The cast keeps sums exact: the embedded warehouse adds uncast arguments as floating point.
    sums = ", ".join(f"SUM({name.upper()}::{_warehouse_sum_type(contract, name)}) AS {name.upper()}" for name in measures(contract))
    sql = (
        f"SELECT {contract.partition.upper()} AS PARTITION_START, COUNT(*) AS ROWS_COUNTED, {sums} "  # noqa: S608
        f"FROM {warehouse_table(contract.name)} WHERE {condition} GROUP BY 1"
    )
    found: Checksums = {}
    for row in fetch_rows(connection, sql, values):
        sums_found = {name: row[name.upper()] for name in measures(contract)}
        found[_key(contract, row["PARTITION_START"])] = {ROWS: row["ROWS_COUNTED"], **sums_found}
    return found


def partition_condition(contract: Contract, keys: Sequence[str]) -> tuple[str, list[date | datetime]]:
    """The condition that holds for exactly the rows of these partitions, and its values; neighbours are one range."""
    column = contract.partition.upper()
    ranges = merge_ranges(keys)
    condition = " OR ".join(f"({column} >= %s AND {column} < %s)" for _ in ranges) or "1 = 0"
    return condition, [_start(key) for pair in ranges for key in pair]


def reconcile(name: str, keys: Sequence[str], lakehouse: Checksums, warehouse: Checksums) -> None:
    """Compare both sides partition by partition.

    Raises:
        MismatchError: a count or a sum differs; the message names table, partition, measure and both values.
    """
    for key in keys:
        ours, theirs = lakehouse.get(key, {ROWS: 0}), warehouse.get(key, {ROWS: 0})
        for measure in (ROWS, *sorted((ours.keys() | theirs.keys()) - {ROWS})):
            expected, found = _exact(ours.get(measure)), _exact(theirs.get(measure))
            if expected != found:
                raise MismatchError(
                    f"{name} partition {key} does not reconcile: {measure} is {expected} in the lakehouse and {found} in the warehouse; "
                    "nothing was changed. Load again; if it persists, rebuild the partition with a backfill"
                )
    logger.info("table=%s partitions=%d reconciled", name, len(keys))


def total_rows(checksums: Mapping[str, Mapping[str, int | Decimal | None]]) -> int:
    """Rows of all partitions."""
    return sum(int(sums[ROWS] or 0) for sums in checksums.values())


def _exact(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _spark_sum_type(contract: Contract, name: str) -> str:
    return "decimal(38,6)" if _is_decimal(contract, name) else "decimal(38,0)"


def _warehouse_sum_type(contract: Contract, name: str) -> str:
    return "NUMBER(38,6)" if _is_decimal(contract, name) else "NUMBER(38,0)"


def _is_decimal(contract: Contract, name: str) -> bool:
    return any(c.name == name and c.type.startswith("decimal") for c in contract.columns)


def _start(key: str) -> date | datetime:
    return datetime.strptime(key, "%Y-%m-%dT%H") if "T" in key else date.fromisoformat(key)  # noqa: DTZ007  (TIMESTAMP_NTZ has no zone)


def _key(contract: Contract, start: date | datetime) -> str:
    return hour_key(start) if contract.partition == "event_hour" else day_key(start)
