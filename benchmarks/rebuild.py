"""All of gold from silver that was built before: five tables over 35 days of at least as many events as the size says.

The figure is seconds, of what both do: reading silver, computing the tables and writing them (of ours, staging and publishing both phases).
`gate_s` is what ours spends on judging every partition before it is shown; the peer judges nothing. The engine is warm but for the first
alternation.

ours: the phases `gold` and `audience` of a build, on a Spark Connect server. duckdb_gold: hand-written SQL, one file for each table.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from deltalake import DeltaTable

from benchmarks.batch_engine import batch_engine
from benchmarks.gold_lake import borrowed_lake
from benchmarks.harness import OURS, Bench, Contestant, Goal, Measurement, Report
from benchmarks.peers.duckdb_gold import duckdb_type
from benchmarks.processes import run_process
from benchmarks.silver_lake import silver_lake
from playhead.contracts.model import load_contract
from playhead.io.delta_table import table_path
from playhead.jobs.gate import gate_phase
from playhead.jobs.plan import plan_build
from playhead.jobs.publish import publish_phase
from playhead.jobs.registry import DAILY_GOLD
from playhead.jobs.stage import stage_phase

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_RUN = "rebuild"
_PHASES = ("gold", "audience")
_STEPS: dict[str, Callable[..., Any]] = {"stage_s": stage_phase, "gate_s": gate_phase, "publish_s": publish_phase}


@contextmanager
def prepare(state_dir: Path, size: int, report: Report) -> Iterator[Sequence[Contestant]]:
    """Silver of at least `size` records, and a warm batch engine."""
    with batch_engine(state_dir) as spark:
        report(f"rebuild: simulating {size:,} records and building their silver (kept for the next time)")
        lake = silver_lake(spark, state_dir, size)
        yield [Contestant(OURS, partial(_rebuild, spark, lake)), Contestant("duckdb_gold", partial(_compute, lake))]


def _rebuild(spark: SparkSession, silver: Path, directory: Path) -> Measurement:
    lake = borrowed_lake(silver, directory, ("bronze", "silver"))
    took = dict.fromkeys(_STEPS, 0.0)
    plan_build(spark, str(lake), dag_id="bench", run_id=_RUN, kind="pull")
    for phase in _PHASES:
        for name, step in _STEPS.items():
            began = time.monotonic()
            step(spark, str(lake), _RUN, phase)
            took[name] += time.monotonic() - began
    produced = {table: digest(table, DeltaTable(table_path(str(lake), table)).file_uris()) for table in DAILY_GOLD}
    return Measurement(took["stage_s"] + took["publish_s"], produced, {name: round(seconds, 2) for name, seconds in took.items()})


def _compute(lake: Path, directory: Path) -> Measurement:
    command = ["-m", "benchmarks.peers.duckdb_gold", "--lake", str(lake), "--target", str(directory)]
    seconds = json.loads(run_process(command, directory).output)["seconds"]
    return Measurement(seconds, {table: digest(table, [f"{directory / table.partition('.')[2]}.parquet"]) for table in DAILY_GOLD})


def digest(table: str, files: Sequence[str]) -> tuple[int, int]:
    """Rows of a gold table in these files, and a sum of a hash of each in its contract's types."""
    typed = ", ".join(f"{c.name}::{duckdb_type(c.type)}" for c in load_contract(table).columns)
    hashed = f"SELECT count(*), coalesce(sum(hash({typed})::HUGEINT), 0)"
    rows, total = duckdb.execute(f"{hashed} FROM read_parquet({list(files)}, union_by_name = true)").fetchall()[0]
    return rows, int(total)


def difference(produced: Mapping[str, Mapping[str, tuple[int, int]]], _size: int) -> str | None:
    """Which tables are unequal, or empty."""
    ours = produced[OURS]
    empty = [table for table in DAILY_GOLD if not ours[table][0]]
    unequal = {table: {name: tables[table] for name, tables in produced.items()} for table in DAILY_GOLD}
    unequal = {table: found for table, found in unequal.items() if len(set(found.values())) > 1}
    if empty:
        return f"{', '.join(empty)} came out empty"
    return f"rows differ (count, digest): {unequal}" if unequal else None


BENCH = Bench(
    name="rebuild",
    unit="s",
    goal=Goal("at most 2 times as long as duckdb_gold", {"duckdb_gold": 2.0}, "lower"),
    size=10_000_000,
    prepare=prepare,
    difference=difference,
)
