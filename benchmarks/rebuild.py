"""All of gold from silver that was built before: every table over 35 days of at least as many events as the size says.

The figure is seconds, of what both do: reading silver, computing the tables and writing them (of ours, staging and publishing both phases).
`gate_s` is what ours spends on judging every partition before it is shown; the peer judges nothing. The engine is warm but for the first
alternation.

ours: the phases `gold` and `audience` of a build, on a Spark Connect server. duckdb_gold: hand-written SQL, one file for each table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from deltalake import DeltaTable

from benchmarks.batch_engine import batch_engine
from benchmarks.build_steps import timed_phases
from benchmarks.digests import digest, unequal_tables
from benchmarks.gold_lake import borrowed_lake
from benchmarks.harness import OURS, Bench, Contestant, Goal, Measurement, Report
from benchmarks.processes import run_process
from benchmarks.silver_lake import silver_lake
from playhead.io.delta_table import table_path
from playhead.jobs.plan import plan_build
from playhead.jobs.registry import DAILY_GOLD

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_RUN = "rebuild"
_PHASES = ("gold", "audience")
# Sketches are bytes of one library: no other engine writes them, so neither contestant does.
COMPARED = tuple(name for name in DAILY_GOLD if name != "gold.audience_sketches")


@contextmanager
def prepare(state_dir: Path, size: int, report: Report) -> Iterator[Sequence[Contestant]]:
    """Silver of at least `size` records, and a warm batch engine."""
    with batch_engine(state_dir) as spark:
        report(f"rebuild: simulating {size:,} records and building their silver (kept for the next time)")
        lake = silver_lake(spark, state_dir, size)
        yield [Contestant(OURS, partial(_rebuild, spark, lake)), Contestant("duckdb_gold", partial(_compute, lake))]


def _rebuild(spark: SparkSession, silver: Path, directory: Path) -> Measurement:
    lake = borrowed_lake(silver, directory, ("bronze", "silver"))
    plan_build(spark, str(lake), dag_id="bench", run_id=_RUN, kind="pull", gold_tables=COMPARED)
    took = timed_phases(spark, lake, _RUN, _PHASES)
    produced = {table: digest(table, DeltaTable(table_path(str(lake), table)).file_uris()) for table in COMPARED}
    return Measurement(took["stage_s"] + took["publish_s"], produced, took)


def _compute(lake: Path, directory: Path) -> Measurement:
    command = ["-m", "benchmarks.peers.duckdb_gold", "--lake", str(lake), "--target", str(directory)]
    seconds = json.loads(run_process(command, directory).output)["seconds"]
    return Measurement(seconds, {table: digest(table, [f"{directory / table.partition('.')[2]}.parquet"]) for table in COMPARED})


def difference(produced: Mapping[str, Mapping[str, tuple[int, int]]], _size: int) -> str | None:
    """Which tables are unequal, or empty."""
    return unequal_tables(COMPARED, produced)


BENCH = Bench(
    name="rebuild",
    unit="s",
    goal=Goal("at most 2 times as long as duckdb_gold", {"duckdb_gold": 2.0}, "lower"),
    size=10_000_000,
    prepare=prepare,
    difference=difference,
)
