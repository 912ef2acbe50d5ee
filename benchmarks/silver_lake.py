"""A lake of simulated records with silver built and published, and gold not yet: made once, by the product's own steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.kept import kept_directory
from benchmarks.preload import simulated_records, simulation_options
from playhead.bronze.buildable import hours_to_build
from playhead.bronze.events import RECORD_SCHEMA, Landing, build_events
from playhead.io.delta_append import write_data_file
from playhead.io.partitions import hour_key
from playhead.io.touched_hours import touched_metadata
from playhead.jobs.build import build_phase
from playhead.jobs.ingest import bronze_layout, open_bronze
from playhead.jobs.plan import plan_build
from playhead.jobs.record import record_run

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_READ_AT_ONCE = 40_000
LANDED_AT = datetime(2026, 2, 1, tzinfo=UTC)
_LANDING = Landing(LANDED_AT, timedelta(days=7))


def silver_lake(spark: SparkSession, state_dir: Path, size: int) -> Path:
    """The lake of at least `size` records, made at the first call and kept for the next ones."""

    def fill(lake: str) -> None:
        land_records(files_of_days(simulated_records(state_dir, size)), lake, simulation_options(size).producer_id)
        _build_silver(spark, lake)

    return kept_directory(state_dir / f"silver-{size}", fill)


def files_of_days(records: Path) -> list[Path]:
    """The files of a simulation, a day each, in order."""
    return sorted(records.glob("part-*.parquet"))


def land_records(days: Sequence[Path], lake: str, producer_id: str, *, first: int = 0) -> None:
    """Bronze as the streaming app leaves it, without Kafka: the same parse and the same commits, one for each simulated day.

    `first` is the number of the first of these days.
    """
    bronze, layout = open_bronze(lake), bronze_layout(lake)
    for number, path in enumerate(days, first):
        hours: set[datetime] = set()
        file = write_data_file(_rows(path, producer_id, hours), layout, LANDED_AT.date())
        if file is not None:
            touched = touched_metadata(hour_key(hour) for hour in hours)
            bronze.commit([file], LANDED_AT.date(), "bench", number, metadata=touched)


def _rows(path: Path, producer_id: str, hours: set[datetime]) -> Iterator[pa.Table]:
    """Rows of bronze; `hours` is told those to build."""
    for batch in pq.ParquetFile(path).iter_batches(_READ_AT_ONCE, columns=["sequence", "topic", "value"]):
        sequence = batch.column("sequence")
        known = {
            "value": batch.column("value"),
            "topic": batch.column("topic"),
            "partition": pa.repeat(pa.scalar(0, pa.int32()), batch.num_rows),
            "offset": sequence,
            # A microsecond apart: first arrivals are told by it.
            "kafka_timestamp": pa.array(sequence.to_numpy() + int(LANDED_AT.timestamp() * 1_000_000)),
            "producer_id": pa.repeat(pa.scalar(producer_id), batch.num_rows),
            "producer_sequence": sequence,
        }
        columns = [known[f.name].cast(f.type) if f.name in known else pa.nulls(batch.num_rows, f.type) for f in RECORD_SCHEMA]
        events = build_events(pa.Table.from_arrays(columns, schema=RECORD_SCHEMA), _LANDING)
        hours.update(hours_to_build(events))
        yield events


def _build_silver(spark: SparkSession, lake: str) -> None:
    plan_build(spark, lake, dag_id="bench", run_id="silver", kind="pull")
    for phase in ("silver_events", "silver_plays"):
        build_phase(spark, lake, "silver", phase)
    record_run(spark, lake, "silver")
