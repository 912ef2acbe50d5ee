"""Kafka to silver: preloaded events landed in bronze, then the four event tables of all their hours; 1 % rejected, 2 % doubled.

The figure is records per second over landing and building. Landing is counted at the warm rate of the bench `ingest` (`land_s`), building
by the clock (`silver_s`: of ours staging and publishing). `gate_s` is what ours spends on judging every hour before it is shown; the peer
judges nothing. The batch engine is warm but for the first alternation.

ours: spark_apps/stream.py, then the phase `silver_events` of a build. python_silver: python_consumer, then one DuckDB statement and one
delta-rs append for each table. Equal are every record's verdict with its reasons, and every column of every row of silver.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltalake import DeltaTable

from benchmarks import bronze_table
from benchmarks.batch_engine import batch_engine
from benchmarks.build_steps import timed_phases
from benchmarks.digests import digest, unequal_tables
from benchmarks.harness import OURS, Bench, Contestant, Goal, Measurement, Report
from benchmarks.ingest import APP, TABLE, consumer, land
from benchmarks.preload import preloaded_broker, simulated_records, simulation_options
from benchmarks.processes import run_process
from playhead.io.delta_table import table_path
from playhead.jobs.plan import plan_build
from playhead.jobs.registry import tables_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DUPLICATES = 0.02
_RUN, _PHASE = "silver", "silver_events"
TABLES = tuple(build.name for build in tables_of(_PHASE))


@contextmanager
def prepare(state_dir: Path, size: int, report: Report) -> Iterator[Sequence[Contestant]]:
    """A broker that holds `size` simulated records, and a warm batch engine."""
    report(f"silver: simulating {size:,} records (kept for the next time)")
    records = simulated_records(state_dir, size, duplicates=DUPLICATES)
    producer_id = simulation_options(size, duplicates=DUPLICATES).producer_id
    with (
        preloaded_broker(state_dir, records, size, producer_id, lambda text: report(f"silver: {text}")) as bootstrap,
        batch_engine(state_dir) as spark,
    ):
        yield [
            Contestant(OURS, partial(_run, APP, partial(_build, spark), bootstrap)),
            Contestant("python_silver", partial(_run, consumer(bootstrap), _build_in_python, bootstrap)),
        ]


def _run(arguments: Sequence[str], build: Callable[[Path], dict[str, float]], bootstrap: str, directory: Path) -> Measurement:
    rate, landing = land(arguments, bootstrap, directory)
    took = build(directory / "lake")
    bronze = bronze_table.coordinates(directory / TABLE) | bronze_table.contents(directory / TABLE)
    land_s = bronze["rows"] / rate
    silver = {table: digest(table, DeltaTable(table_path(str(directory / "lake"), table)).file_uris()) for table in TABLES}
    details = landing | {"land_s": round(land_s, 2)} | {name: round(seconds, 2) for name, seconds in took.items()}
    return Measurement(bronze["rows"] / (land_s + took["silver_s"]), {"bronze": bronze, "silver": silver}, details)


def _build(spark: SparkSession, lake: Path) -> dict[str, float]:
    plan_build(spark, str(lake), dag_id="bench", run_id=_RUN, kind="pull")
    took = timed_phases(spark, lake, _RUN, [_PHASE])
    return took | {"silver_s": took["stage_s"] + took["publish_s"]}


def _build_in_python(lake: Path) -> dict[str, float]:
    done = run_process(["-m", "benchmarks.peers.python_silver", "--lake", str(lake)], lake.parent)
    return {"silver_s": json.loads(done.output)["seconds"]}


def difference(produced: Mapping[str, Mapping[str, Mapping[str, Any]]], size: int) -> str | None:
    """What is unequal in bronze; else which tables of silver are unequal, or empty."""
    bronze, silver = ({name: layers[layer] for name, layers in produced.items()} for layer in ("bronze", "silver"))
    return bronze_table.difference(bronze, size) or unequal_tables(TABLES, silver)


BENCH = Bench(
    name="silver",
    unit="records/s",
    goal=Goal("at least 0.8 times as fast as python_silver", {"python_silver": 0.8}),
    size=3_000_000,
    prepare=prepare,
    difference=difference,
)
