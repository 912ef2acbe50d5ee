"""From files to a staging table: Delta partitions to Parquet, PUT to the internal stage, COPY INTO a table that no reader knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from playhead.contracts.derive import warehouse_ddl
from playhead.contracts.model import load_contract
from playhead.errors import WarehouseError
from playhead.io.delta_table import day_column, table_in_duckdb
from playhead.io.partitions import day_key
from playhead.io.snowflake import execute, fetch_rows
from playhead.warehouse.checksums import Checksums, lakehouse_checksums, partition_condition
from playhead.warehouse.plan import TableLoad
from playhead.warehouse.schema import LOAD_STAGE, warehouse_table

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_PARTITIONS = "partitions"
# A PUT of a few large files beats many small ones; Snowflake loads files of 100 to 250 MB best.
_FILE_OPTIONS = "FORMAT parquet, COMPRESSION snappy, FILE_SIZE_BYTES '128MB', OVERWRITE true"
_COPY_OPTIONS = "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE PURGE = TRUE"


def export_partitions(lake: str, load: TableLoad, directory: Path) -> Checksums:
    """Write the load's partitions to Parquet files, from the version it pins, and return what they add up to in the lakehouse.

    Rows stream from the table's files to the new ones, however many there are; no engine is asked (ADR 14).
    """
    contract, keys = load_contract(load.name), list(load.partitions)
    days = sorted({day_key(key) for key in keys}) if day_column(contract) else None
    condition, values = partition_condition(contract, keys, bound="?")
    columns = ", ".join(_portable(column.name, column.type) for column in contract.columns)
    directory.mkdir(parents=True, exist_ok=True)
    with table_in_duckdb(lake, load.name, _PARTITIONS, version=load.read_version, days=days) as database:
        database.execute("SET preserve_insertion_order = false")  # which would hold rows back to keep it
        rows = f"SELECT {columns} FROM {_PARTITIONS} WHERE {condition}"  # noqa: S608  (names from contracts, values bound)
        database.execute(f"COPY ({rows}) TO '{_quotable(directory)}' ({_FILE_OPTIONS})", values)
        return lakehouse_checksums(database, _PARTITIONS, contract, keys)


def write_rows(rows: pa.Table, directory: Path) -> None:
    """Write rows made here (the load log, the calendar) as one Parquet file, to be staged as exports are."""
    directory.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, directory / "part-00000.parquet")


def stage_contract_rows(connection: SnowflakeConnection, name: str, directory: Path) -> str:
    """Put a contract table's files into its staging table, made anew, and return that table."""
    table = warehouse_table(name, "STAGING")
    return _stage(connection, table, warehouse_ddl(load_contract(name), table), directory)


def stage_rows_like(connection: SnowflakeConnection, target: str, ddl: str, directory: Path) -> str:
    """The same for a table that sql/common defines; `ddl` is its definition there."""
    table = f"STAGING.{target.partition('.')[2]}"
    return _stage(connection, table, ddl.replace(target, table), directory)


def drop_staging(connection: SnowflakeConnection, tables: Sequence[str]) -> None:
    """Remove staging tables that are done with."""
    for table in tables:
        execute(connection, f"DROP TABLE IF EXISTS {table}")


def _stage(connection: SnowflakeConnection, table: str, ddl: str, directory: Path) -> str:
    execute(connection, f"DROP TABLE IF EXISTS {table}")
    execute(connection, ddl)
    if not any(directory.glob("*.parquet")):
        return table
    folder = f"@{LOAD_STAGE}/{directory.parent.name}/{directory.name}"
    fetch_rows(connection, f"PUT 'file://{_quotable(directory)}/*.parquet' {folder} AUTO_COMPRESS = FALSE OVERWRITE = TRUE")
    fetch_rows(connection, f"COPY INTO {table} FROM {folder}/ {_COPY_OPTIONS}")
    return table


def _quotable(directory: Path) -> Path:
    """The directory, whose path a statement can name between quotes; such a path cannot be bound."""
    if "'" in str(directory):
        raise WarehouseError(f"the path {directory} has a quote in it, which PUT cannot name; move PLAYHEAD_STATE_DIR")
    return directory


def _portable(name: str, spark_type: str) -> str:
    """A column of an export. Without a zone in the file no reader can shift it: UTC in, TIMESTAMP_NTZ out."""
    return f"{name}::TIMESTAMP AS {name}" if spark_type == "timestamp" else name
