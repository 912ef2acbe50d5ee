"""An hourly build on ten times the history: a fiftieth more events, all in the newest two hours; planned, built, gated, published.

The size is that of the short history; the long one is ten times it, of more days and the same density. The figure is seconds, from the
plan to the record of the run; landing counts for nobody. `plan_s` to `record_s` are its parts. The batch engine is warm but for the first
alternation.

ours: the steps of build_hourly on the long history. short_history: the same on the short one. rebuild: all silver and all gold of the
short one built anew from its bronze. What is newest in all of them must be equal, in every hourly table: the short history and what came.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake import DeltaTable

from benchmarks.batch_engine import batch_engine
from benchmarks.build_steps import timed_phases
from benchmarks.digests import Digest, digest, unequal_tables
from benchmarks.harness import OURS, Bench, Contestant, Goal, Measurement, Report
from benchmarks.history import land_more, linked_copy, long_history, more_events, newest_days, short_history
from playhead.contracts.model import load_contract
from playhead.io.delta_table import table_path
from playhead.jobs.build import NEWEST_HOURS
from playhead.jobs.plan import plan_build
from playhead.jobs.record import record_run
from playhead.jobs.registry import BUILDS, PHASES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TABLES = tuple(name for name in BUILDS if load_contract(name).partition == "event_hour")
_RUN = "increment"
_SHARE = 50


@contextmanager
def prepare(state_dir: Path, size: int, report: Report) -> Iterator[Sequence[Contestant]]:
    """Both histories, what comes on top of them, and a warm batch engine."""
    with batch_engine(state_dir) as spark:
        report(f"increment: simulating {size:,} records and building their lake (kept for the next time)")
        short = short_history(spark, state_dir, size)
        report("increment: copying it for the long history (kept for the next time)")
        long = long_history(short, size)
        more, newest = more_events(short, size // _SHARE), f"event_hour >= TIMESTAMPTZ '{newest_days(size).isoformat()}'"
        yield [
            Contestant(OURS, partial(_build, spark, long, more, newest)),
            Contestant("short_history", partial(_build, spark, short, more, newest)),
            Contestant("rebuild", partial(_rebuild, spark, short, more, newest)),
        ]


def _build(spark: SparkSession, history: Path, more: pa.Table, newest: str, directory: Path) -> Measurement:
    lake = directory / "lake"
    linked_copy(history, lake)
    land_more(lake, more)
    return _measure(spark, lake, newest, newest_hours=NEWEST_HOURS)


def _rebuild(spark: SparkSession, history: Path, more: pa.Table, newest: str, directory: Path) -> Measurement:
    lake = directory / "lake"
    linked_copy(history, lake)
    for layer in ("silver", "gold", "ops"):
        shutil.rmtree(lake / layer)
    land_more(lake, more)
    return _measure(spark, lake, newest, newest_hours=None)


def _measure(spark: SparkSession, lake: Path, newest: str, *, newest_hours: int | None) -> Measurement:
    began = time.monotonic()
    plan = plan_build(spark, str(lake), dag_id="bench", run_id=_RUN, kind="pull", newest_hours=newest_hours)
    planned = time.monotonic()
    took = timed_phases(spark, lake, _RUN, PHASES)
    built = time.monotonic()
    record_run(spark, str(lake), _RUN)
    ended = time.monotonic()
    details = {"hours": len(plan.event_hours), "plan_s": round(planned - began, 2), **took, "record_s": round(ended - built, 2)}
    produced = {table: digest(table, DeltaTable(table_path(str(lake), table)).file_uris(), newest) for table in TABLES}
    return Measurement(ended - began, produced, details)


def difference(produced: Mapping[str, Mapping[str, Digest]], _size: int) -> str | None:
    """Which tables are unequal where the histories are the same, or empty."""
    return unequal_tables(TABLES, produced)


BENCH = Bench(
    name="increment",
    unit="s",
    goal=Goal(
        "at most 1.3 times as long as on a tenth of the history, and at most 0.1 times as long as building that tenth anew",
        {"short_history": 1.3, "rebuild": 0.1},
        "lower",
    ),
    size=5_000_000,
    prepare=prepare,
    difference=difference,
)
