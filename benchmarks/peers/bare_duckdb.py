"""Peer: one CREATE TABLE AS in DuckDB over the files of the lake's table, into a database file. Prints one line of JSON."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import duckdb
from deltalake import DeltaTable


def create_table(database: Path, table: Path, name: str) -> float:
    """Copy the rows that the Delta table shows now into a new table; returns the seconds it took, until all is in the file."""
    files = DeltaTable(table).file_uris()
    connection = duckdb.connect(database)
    began = time.monotonic()
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet({files}, hive_types = {{event_date: DATE}})")
    connection.execute("CHECKPOINT")
    seconds = time.monotonic() - began
    connection.close()
    return seconds


def main() -> None:
    """Copy one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--name", required=True)
    arguments = parser.parse_args()
    print(json.dumps({"seconds": create_table(arguments.database, arguments.table, arguments.name)}))


if __name__ == "__main__":
    main()
