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
from playhead.io.delta import read_table
from playhead.io.partitions import table_predicate
from playhead.io.snowflake import execute, fetch_rows
from playhead.warehouse.checksums import Checksums, lakehouse_checksums
from playhead.warehouse.plan import TableLoad
from playhead.warehouse.schema import LOAD_STAGE, warehouse_table

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession
    from snowflake.connector import SnowflakeConnection

# A PUT of a few large files beats many small ones; a file of this many narrow rows is some tens of megabytes.
_ROWS_PER_FILE = 5_000_000
_COPY_OPTIONS = "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE PURGE = TRUE"


def export_partitions(spark: SparkSession, lake: str, load: TableLoad, directory: Path) -> Checksums:
    """Write the load's partitions to Parquet files, from the version it pins, and return what they add up to in the lakehouse."""
    contract = load_contract(load.name)
    partitions = read_table(spark, lake, load.name, load.read_version).where(table_predicate(list(load.partitions), contract))
    exported = partitions.select(*(_portable(c.name, c.type) for c in contract.columns))
    exported.write.mode("overwrite").option("maxRecordsPerFile", _ROWS_PER_FILE).parquet(str(directory))
    return lakehouse_checksums(partitions, contract)


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
    if "'" in str(directory):
        raise WarehouseError(f"the path {directory} has a quote in it, which PUT cannot name; move PLAYHEAD_STATE_DIR")
    fetch_rows(connection, f"PUT 'file://{directory}/*.parquet' {folder} AUTO_COMPRESS = FALSE OVERWRITE = TRUE")
    fetch_rows(connection, f"COPY INTO {table} FROM {folder}/ {_COPY_OPTIONS}")
    return table


def _portable(name: str, spark_type: str) -> Column:
    from pyspark.sql import functions as F

    # Without a zone in the file no reader can shift it: UTC in, TIMESTAMP_NTZ out.
    return F.col(name).cast("timestamp_ntz").alias(name) if spark_type == "timestamp" else F.col(name)
