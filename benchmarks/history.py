"""Histories of a lake: a short one that the product built itself, a longer one made of moved copies of it, and what comes on top.

The copies lie before the original and have its density, files and logs; so what is newest is the same in both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.transaction import AddAction

from benchmarks.kept import kept_directory
from benchmarks.preload import simulated_records, simulation_options
from benchmarks.silver_lake import LANDED_AT, files_of_days, land_records
from playhead.bronze.buildable import BUILDABLE, hours_to_build
from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_append import write_data_file
from playhead.io.delta_statistics import statistics_json
from playhead.io.delta_table import append_rows, query_log, table_path, table_version
from playhead.io.partitions import day_key, hour_key
from playhead.io.touched_hours import touched_metadata
from playhead.jobs.build import run_build
from playhead.jobs.ingest import bronze_layout, open_bronze
from playhead.jobs.registry import BUILDS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TIMES = 10  # as much history has the longer one
_MOVED = ("bronze.events", *BUILDS, "ops.audit_counts")
_VARIANTS = "012356789abcdef"  # in place of the 4 that tells a random UUID: ids that nobody else has
_VERSION_AT = 15
_IDS = ("session_id", "playback_id")
_NEWEST = f"""
SELECT * FROM bronze WHERE {BUILDABLE} AND event_hour IN (
    SELECT DISTINCT event_hour FROM bronze WHERE {BUILDABLE} ORDER BY event_hour DESC LIMIT $hours)
QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY "offset") = 1 ORDER BY "offset"
"""


def short_history(spark: SparkSession, state_dir: Path, size: int) -> Path:
    """A lake of at least `size` records, built from end to end; made at the first call, kept for the next ones."""

    def fill(lake: str) -> None:
        land_records(files_of_days(simulated_records(state_dir, size)), lake, simulation_options(size).producer_id)
        run_build(spark, lake, dag_id="build_daily", run_id="history", kind="pull")

    return kept_directory(state_dir / f"history-{size}", fill)


def long_history(short: Path, size: int) -> Path:
    """A lake with TIMES as much history as `short`, whose newest part is that of `short`; kept too."""

    def fill(lake: str) -> None:
        linked_copy(short, Path(lake))
        span = timedelta(days=simulation_options(size).days)
        for number in range(1, TIMES):
            for name in _MOVED:
                add_moved(short, Path(lake), name, number * span, _VARIANTS[number])
            _publish_moved(short, Path(lake), number * span)
        _move_cursor(lake)

    return kept_directory(short.with_name(f"{short.name}-x{TIMES}"), fill)


def linked_copy(lake: Path, target: Path) -> None:
    """A lake of its own that shares the data files, which nobody ever changes; what is written to it stays in it."""

    def copy(source: str, to: str) -> None:
        if source.endswith(".parquet") and "_delta_log" not in source:
            os.link(source, to)
        else:
            shutil.copy2(source, to)

    shutil.copytree(lake, target, copy_function=copy)


def newest_days(size: int) -> datetime:
    """From when on short and long histories are the same: a day after the short one begins, for clocks that are wrong."""
    return LANDED_AT - timedelta(days=simulation_options(size).days - 2)


def more_events(lake: Path, count: int, *, hours: int = 2) -> pa.Table:
    """`count` rows of bronze of other viewers' visits in the newest hours of a lake, as if they had come after everything else.

    Raises:
        ValueError: there are too few events in those hours to make so many of.
    """
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    files = DeltaTable(table_path(str(lake), "bronze.events")).file_uris()
    connection.execute(f"CREATE VIEW bronze AS SELECT * FROM read_parquet({files}, hive_types = {{landed_date: DATE}})")
    connection.execute(f"CREATE TABLE newest AS {_NEWEST}", {"hours": hours})
    schema = arrow_schema(load_contract("bronze.events"))
    made = [
        connection.sql(f"SELECT {_selection(schema.names, timedelta(), variant)} FROM newest").to_arrow_table().cast(schema)
        for variant in _VARIANTS
    ]
    rows = pa.concat_tables(made).slice(0, count)
    if rows.num_rows < count:
        raise ValueError(f"the newest {hours} hours have events for {rows.num_rows} more, {count} are needed; ask for fewer")
    (first,) = connection.execute('SELECT max("offset") + 1 FROM bronze').fetchone() or (0,)
    arrivals = pa.array(range(first, first + count), pa.int64())
    return rows.set_column(schema.get_field_index("offset"), schema.field("offset"), arrivals)


def land_more(lake: Path, rows: pa.Table) -> None:
    """Land rows of bronze in one commit that tells the hours it touches."""
    file = write_data_file(iter([rows]), bronze_layout(str(lake)), LANDED_AT.date())
    hours = touched_metadata(hour_key(hour) for hour in hours_to_build(rows))
    open_bronze(str(lake)).commit([file] if file else [], LANDED_AT.date(), "more", 0, metadata=hours)


def _selection(names: Iterable[str], back: timedelta, variant: str) -> str:
    """Columns of rows that happened earlier, under ids of their own."""
    types = {column.name: column.type for name in _MOVED for column in load_contract(name).columns}

    def moved(name: str) -> str:
        if name == "event_id":
            return f"left({name}, {_VERSION_AT - 1}) || '{variant}' || substr({name}, {_VERSION_AT + 1})"
        if name in _IDS:
            return f"'{variant}' || substr({name}, 2)"
        return {"timestamp": f'"{name}" - INTERVAL {back.days} DAYS', "date": f'"{name}" - {back.days}'}.get(types[name], f'"{name}"')

    return ", ".join(f'{moved(name)} AS "{name}"' for name in names)


def add_moved(short: Path, lake: Path, name: str, back: timedelta, variant: str) -> None:
    """Add a copy of a table's files, moved back in time, in one commit."""
    source = Path(table_path(str(short), name))
    target = DeltaTable(table_path(str(lake), name))
    days = target.metadata().partition_columns
    actions = []
    for number, file in enumerate(pa.table(DeltaTable(source).get_add_actions(flatten=True)).to_pylist()):
        partition = {day: (file[f"partition.{day}"] - back).isoformat() for day in days}
        path = Path(*(f"{day}={value}" for day, value in partition.items()), f"back-{back.days}-{number}.zstd.parquet")
        written = Path(table_path(str(lake), name)) / path
        written.parent.mkdir(parents=True, exist_ok=True)
        names = pq.read_schema(source / file["path"]).names
        duckdb.execute(
            f"COPY (SELECT {_selection(names, back, variant)} FROM read_parquet('{source / file['path']}', hive_partitioning = false)) "
            f"TO '{written}' (FORMAT parquet, COMPRESSION zstd)"
        )
        actions.append(AddAction(str(path), written.stat().st_size, partition, int(LANDED_AT.timestamp() * 1000), True, _told(file, back)))
    target.create_write_transaction(actions, mode="append", schema=arrow_schema(load_contract(name)), partition_by=days)


def _told(file: dict[str, Any], back: timedelta) -> str:
    bounds = [file.get("min.event_hour"), file.get("max.event_hour")]
    hours = [hour.astimezone(UTC) - back for hour in bounds if hour is not None]
    if not hours:
        return statistics_json(file["num_records"])
    return statistics_json(file["num_records"], "event_hour", file["null_count.event_hour"], hours)


def _publish_moved(short: Path, lake: Path, back: timedelta) -> None:
    rows = query_log(str(short), "ops.publish_log", "SELECT * FROM log")
    for row in rows:
        key_of = hour_key if "T" in row["partition_key"] else day_key
        row["partition_key"] = key_of(datetime.fromisoformat(row["partition_key"]) - back)
    append_rows(str(lake), "ops.publish_log", rows)


def _move_cursor(lake: str) -> None:
    """Everything that bronze has now is built."""
    (last,) = query_log(lake, "ops.build_log", "SELECT * FROM log")
    append_rows(lake, "ops.build_log", [last | {"bronze_version": table_version(lake, "bronze.events")}])
