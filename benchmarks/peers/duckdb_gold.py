"""Peer: all gold tables in DuckDB, by hand-written SQL (gold/*.sql), from the lake's silver to Parquet files. Prints one line of JSON."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import duckdb
from deltalake import DeltaTable

from playhead.contracts.model import load_contract

SILVER = ("playbacks", "sessions", "session_events", "interactions", "ad_events")
# The last ones read user_daily.
GOLD = (
    "qoe_hourly", "content_daily", "user_content_daily", "user_context_daily", "ad_daily", "user_daily", "audience_daily",
    "experiments_daily", "subscriptions_daily", "qoe_breakdown_daily", "user_ad_daily",
)  # fmt: skip
_TYPES = {"string": "VARCHAR", "timestamp": "TIMESTAMPTZ"}
_SQL = Path(__file__).parent / "gold"


def build_gold(lake: Path, target: Path) -> None:
    """Write one Parquet file for each gold table."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET preserve_insertion_order = false")
    connection.execute("CREATE SCHEMA silver; CREATE SCHEMA gold")
    for table in SILVER:
        files = DeltaTable(lake / "silver" / table).file_uris()
        connection.execute(f"CREATE VIEW silver.{table} AS SELECT * FROM read_parquet({files}, hive_types = {{event_date: DATE}})")
    for table in GOLD:
        # A sum is a HUGEINT, which Parquet holds as a floating-point number: the table's own types keep it exact.
        columns = ", ".join(f"{c.name} {duckdb_type(c.type)}" for c in load_contract(f"gold.{table}").columns)
        connection.execute(f"CREATE TABLE gold.{table} ({columns})")
        connection.execute(f"INSERT INTO gold.{table} BY NAME {sql_of(table)}")
        connection.execute(f"COPY gold.{table} TO '{target / table}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    connection.close()


def sql_of(table: str) -> str:
    """How a gold table is computed."""
    return (_SQL / f"{table}.sql").read_text(encoding="utf-8")


def duckdb_type(spark_type: str) -> str:
    """The type of a contract's column in DuckDB."""
    return _TYPES.get(spark_type, spark_type)


def main() -> None:
    """Build, by the clock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--target", type=Path, required=True)
    arguments = parser.parse_args()
    began = time.monotonic()
    build_gold(arguments.lake, arguments.target)
    print(json.dumps({"seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main()
