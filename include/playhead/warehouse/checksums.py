"""Reconciliation: row counts and sums of every measure by partition, in the warehouse against the lakehouse."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from playhead.contracts.shapes import Contract
from playhead.errors import MismatchError
from playhead.io.partitions import day_key, hour_key, merge_ranges
from playhead.io.snowflake import fetch_rows
from playhead.warehouse.schema import warehouse_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from snowflake.connector import SnowflakeConnection

logger = logging.getLogger(__name__)

ROWS = "rows"
Checksums = dict[str, dict[str, int | Decimal | None]]


def measures(contract: Contract) -> list[str]:
    """The columns whose sums are compared: whole numbers and decimals, which add up the same in any order."""
    return [c.name for c in contract.columns if c.type == "bigint" or c.type.startswith("decimal")]


def lakehouse_checksums(database: DuckDBPyConnection, table: str, contract: Contract, keys: Sequence[str]) -> Checksums:
    """Rows and sums of these partitions as the lakehouse holds them; `database` reads the table under the name `table`."""
    sql, values = _sums_statement(contract, table, keys, bound="?", number="DECIMAL")
    answer: pa.Table = database.sql(sql, params=values).to_arrow_table()
    return _by_partition(contract, answer.to_pylist())


def warehouse_checksums(connection: SnowflakeConnection, contract: Contract, keys: Sequence[str]) -> Checksums:
    """Rows and sums of these partitions as the warehouse holds them in this transaction."""
    sql, values = _sums_statement(contract, warehouse_table(contract.name), keys, bound="%s", number="NUMBER")
    return _by_partition(contract, fetch_rows(connection, sql, values))


def partition_condition(contract: Contract, keys: Sequence[str], *, bound: str = "%s") -> tuple[str, list[date | datetime]]:
    """The condition that holds for exactly the rows of these partitions, and its values; neighbours are one range."""
    column = contract.partition.upper()
    ranges = merge_ranges(keys)
    condition = " OR ".join(f"({column} >= {bound} AND {column} < {bound})" for _ in ranges) or "1 = 0"
    return condition, [_start(key) for pair in ranges for key in pair]


def _sums_statement(contract: Contract, table: str, keys: Sequence[str], *, bound: str, number: str) -> tuple[str, list[date | datetime]]:
    """The question that both sides answer, in the words of one of them."""
    condition, values = partition_condition(contract, keys, bound=bound)
    # The cast keeps sums exact: the embedded warehouse adds uncast arguments as floating point.
    sums = "".join(f", SUM({name.upper()}::{number}({_sum_digits(contract, name)})) AS {name.upper()}" for name in measures(contract))
    return (
        f"SELECT {contract.partition.upper()} AS PARTITION_START, COUNT(*) AS ROWS_COUNTED{sums} "  # noqa: S608
        f"FROM {table} WHERE {condition} GROUP BY 1",
        values,
    )


def _by_partition(contract: Contract, answer: Iterable[Mapping[str, Any]]) -> Checksums:
    return {
        _key(contract, row["PARTITION_START"]): {ROWS: row["ROWS_COUNTED"], **{name: row[name.upper()] for name in measures(contract)}}
        for row in answer
    }


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


def _sum_digits(contract: Contract, name: str) -> str:
    is_decimal = any(c.name == name and c.type.startswith("decimal") for c in contract.columns)
    return "38,6" if is_decimal else "38,0"


def _start(key: str) -> date | datetime:
    return datetime.strptime(key, "%Y-%m-%dT%H") if "T" in key else date.fromisoformat(key)  # noqa: DTZ007  (TIMESTAMP_NTZ has no zone)


def _key(contract: Contract, start: date | datetime) -> str:
    return hour_key(start) if contract.partition == "event_hour" else day_key(start)
