"""The warehouse load: every changed partition is staged, then all of them become visible in one transaction.

Readers see all tables as they were or as the newest build left them, never between, and dims that fit the facts. Inside the same
transaction the warehouse is reconciled with the lakehouse; a difference rolls everything back. Loading again changes nothing.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from snowflake.connector.errors import Error as SnowflakeError

from playhead.contracts.model import load_contract
from playhead.errors import WarehouseError
from playhead.io.side_by_side import under_way
from playhead.io.snowflake import execute, fetch_rows
from playhead.warehouse.checksums import Checksums, partition_condition, reconcile, total_rows, warehouse_checksums
from playhead.warehouse.dim_date import calendar_rows
from playhead.warehouse.plan import PartitionState, TableLoad, plan_loads
from playhead.warehouse.schema import CALENDAR, LOAD_LOG, ensure_objects, sql_file, sql_names, warehouse_table
from playhead.warehouse.staging import drop_staging, export_partitions, stage_contract_rows, stage_rows_like, write_rows

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

logger = logging.getLogger(__name__)

_LOADED_SQL = (
    "SELECT TABLE_NAME, PARTITION_KEY, TABLE_VERSION, CONTENT_HASH FROM OPS.LOAD_LOG "
    "QUALIFY ROW_NUMBER() OVER (PARTITION BY TABLE_NAME, PARTITION_KEY ORDER BY PUBLISHED_AT DESC) = 1"
)
_FACT_YEARS_SQL = "SELECT MIN(EVENT_DATE) AS FIRST_DATE, MAX(EVENT_DATE) AS LAST_DATE FROM GOLD.USER_DAILY"
_CALENDAR_YEARS_SQL = "SELECT MIN(CALENDAR_DATE) AS FIRST_DATE, MAX(CALENDAR_DATE) AS LAST_DATE FROM DIM.DIM_DATE"


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load made visible: partitions and rows by table; empty when nothing had changed."""

    run_id: str
    partitions: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"run_id": self.run_id, "partitions": self.partitions, "rows": self.rows}


@dataclass(frozen=True, slots=True)
class _Staged:
    load: TableLoad
    table: str
    lakehouse: Checksums


def load_warehouse(connection: SnowflakeConnection, *, lake: str, export_root: Path, run_id: str, loaded_at: datetime) -> LoadReport:
    """Bring over what was published since the last load.

    Args:
        connection: a session on the warehouse's database (the hook's, or io.snowflake's).
        lake: root of the Delta tables.
        export_root: where the run's files are written on their way; they are removed at the end.
        run_id: the run that loads, for the load log.
        loaded_at: what the load log says, UTC.

    Raises:
        WarehouseError: the warehouse refused a statement, or does not reconcile with the lakehouse; nothing is changed then.
    """
    directory = export_root / re.sub(r"[^A-Za-z0-9_.-]", "-", run_id)
    try:
        ensure_objects(connection)
        loads = plan_loads(lake, _read_loaded(connection))
        if not loads:
            logger.info("run=%s nothing to load", run_id)
            return LoadReport(run_id)
        staged = _stage_all(connection, lake, loads, directory)
        log = _stage_log(connection, staged, directory, run_id, loaded_at)
        with _one_transaction(connection):
            for each in staged:
                _swap(connection, each)
            insert_staged(connection, LOAD_LOG, log)
            refresh_dims(connection)
        extend_calendar(connection, directory)
        drop_staging(connection, [log, *(each.table for each in staged)])
    except SnowflakeError as error:
        raise WarehouseError(f"the warehouse refused the load {run_id}: {error.msg or error}; see its log, then load again") from error
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    report = LoadReport(
        run_id,
        {each.load.name: len(each.load.partitions) for each in staged},
        {each.load.name: total_rows(each.lakehouse) for each in staged},
    )
    logger.info("run=%s loaded partitions=%s rows=%s", run_id, report.partitions, report.rows)
    return report


def _read_loaded(connection: SnowflakeConnection) -> dict[str, dict[str, PartitionState]]:
    loaded: dict[str, dict[str, PartitionState]] = {}
    for row in fetch_rows(connection, _LOADED_SQL):
        state = PartitionState(int(row["TABLE_VERSION"]), row["CONTENT_HASH"])
        loaded.setdefault(row["TABLE_NAME"], {})[row["PARTITION_KEY"]] = state
    return loaded


def _stage_all(connection: SnowflakeConnection, lake: str, loads: Sequence[TableLoad], directory: Path) -> list[_Staged]:
    """Every load in a staging table; while the warehouse takes one, others are exported."""

    def export(load: TableLoad) -> Checksums:
        return export_partitions(lake, load, directory / load.name)

    with under_way(export, loads) as exports:
        return [_Staged(load, stage_contract_rows(connection, load.name, directory / load.name), found) for load, found in exports]


def _stage_log(connection: SnowflakeConnection, staged: Sequence[_Staged], directory: Path, run_id: str, loaded_at: datetime) -> str:
    """The load log's new rows, staged like any table: one row per partition, however many there are."""
    at = loaded_at.astimezone(UTC).replace(tzinfo=None)
    rows = [
        {
            "run_id": run_id,
            "table_name": each.load.name,
            "partition_key": key,
            "table_version": state.table_version,
            "rows_count": each.lakehouse.get(key, {}).get("rows", 0),
            "content_hash": state.content_hash,
            "published_at": at,
        }
        for each in staged
        for key, state in each.load.partitions.items()
    ]
    write_rows(pa.Table.from_pylist(rows), directory / LOAD_LOG)
    return stage_contract_rows(connection, LOAD_LOG, directory / LOAD_LOG)


@contextmanager
def _one_transaction(connection: SnowflakeConnection) -> Iterator[None]:
    """All or nothing: whatever interrupts it, readers keep what they had."""
    connection.autocommit(False)
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    else:
        connection.commit()
    finally:
        connection.autocommit(True)


def _swap(connection: SnowflakeConnection, staged: _Staged) -> None:
    """Replace the partitions of one table and hold the result against the lakehouse, before anyone sees it."""
    name, keys = staged.load.name, list(staged.load.partitions)
    contract = load_contract(name)
    condition, values = partition_condition(contract, keys)
    execute(connection, f"DELETE FROM {warehouse_table(name)} WHERE {condition}", values)  # noqa: S608  (allow-listed, bound)
    insert_staged(connection, name, staged.table)
    reconcile(name, keys, staged.lakehouse, warehouse_checksums(connection, contract, keys))


def insert_staged(connection: SnowflakeConnection, name: str, staging: str) -> None:
    """Append a staging table to its contract's table."""
    _insert(connection, warehouse_table(name), load_contract(name).column_names, staging)


def _insert(connection: SnowflakeConnection, table: str, columns: Iterable[str], staging: str) -> None:
    named = ", ".join(column.upper() for column in columns)
    execute(connection, f"INSERT INTO {table} ({named}) SELECT {named} FROM {staging}")  # noqa: S608  (names from contracts)


def refresh_dims(connection: SnowflakeConnection) -> None:
    """Make each dim again from the facts; its keys depend on the natural key alone, so they stay what they were."""
    for dim in sql_names("refresh"):
        execute(connection, f"DELETE FROM DIM.{dim.upper()}")  # noqa: S608  (names of package files)
        execute(connection, sql_file("refresh", dim))


def extend_calendar(connection: SnowflakeConnection, directory: Path) -> None:
    """Make the calendar cover every year that has facts; it is made again only when a year is missing."""
    (facts,) = fetch_rows(connection, _FACT_YEARS_SQL)
    (held,) = fetch_rows(connection, _CALENDAR_YEARS_SQL)
    if facts["FIRST_DATE"] is None or _covers(held, facts):
        return
    years = [_year(facts["FIRST_DATE"]), _year(facts["LAST_DATE"])]
    if held["FIRST_DATE"] is not None:
        years += [_year(held["FIRST_DATE"]), _year(held["LAST_DATE"])]
    days = pa.Table.from_pylist(calendar_rows(min(years), max(years)))
    write_rows(days, directory / "dim.dim_date")
    staging = stage_rows_like(connection, CALENDAR, sql_file("tables", "dim_date"), directory / "dim.dim_date")
    with _one_transaction(connection):
        execute(connection, f"DELETE FROM {CALENDAR}")  # noqa: S608  (a constant)
        _insert(connection, CALENDAR, days.column_names, staging)
    drop_staging(connection, [staging])


def _covers(held: dict[str, Any], facts: dict[str, Any]) -> bool:
    if held["FIRST_DATE"] is None:
        return False
    return bool(_year(held["FIRST_DATE"]) <= _year(facts["FIRST_DATE"]) and _year(facts["LAST_DATE"]) <= _year(held["LAST_DATE"]))


def _year(day: date) -> int:
    return day.year
