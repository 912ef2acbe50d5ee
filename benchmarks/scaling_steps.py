"""What each step of the data's way costs at one size: core-seconds of its processes, and bytes of what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltalake import DeltaTable

from benchmarks.bronze_table import commits
from benchmarks.cpu_meter import CpuMeter
from benchmarks.harness import OURS
from benchmarks.live_stream import live_stream
from benchmarks.load import running_warehouse
from benchmarks.paced_events import TEMPLATES
from benchmarks.prebuilt_records import prebuilt, send
from benchmarks.preload import TODAY, kept_simulation, simulated_records
from benchmarks.processes import ROOT, run_process
from playhead.events.simulator import SimulationOptions
from playhead.io.delta_table import find_table, table_path
from playhead.io.snowflake import warehouse_connection
from playhead.jobs.build import build_interval, build_phase
from playhead.jobs.load_warehouse import run_load
from playhead.jobs.plan import plan_build
from playhead.jobs.record import record_run
from playhead.jobs.registry import BUILDS, DAILY_GOLD, HOURLY_GOLD
from playhead.settings import get_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from playhead.settings import Settings

BROKER, SENDER = "broker", "sender"
_KINDS = {"kafka.Kafka": BROKER, "benchmarks.paced_events": SENDER}
ALERT_S = 20.0
_SILVER = tuple(name for name in BUILDS if name.startswith("silver."))
_OTHER_GOLD = tuple(name for name in DAILY_GOLD if name not in HOURLY_GOLD)
LAST_DAY = TODAY - timedelta(days=1)

Costs = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much history: so many viewers, on so many days."""

    users: int
    days: int


def measure_size(spark: SparkSession, state_dir: Path, directory: Path, size: Size, *, rebuilds_day: bool = False) -> dict[str, Any]:
    """Every step over a whole history; where asked for, then its last day once more, as a backfill and a load of what that changed."""
    options = SimulationOptions(users=size.users, days=size.days)
    records = kept_simulation(state_dir / f"simulation-{size.users}-users-{size.days}-days", options)
    steps, lake = _land(records, options, directory)
    steps |= _build(spark, lake)
    with running_warehouse(directory) as settings:
        load = partial(_load, settings, lake, directory)
        steps["warehouse load"] = _measured(partial(load, "first")) | {"bytes": _stored(directory / "warehouse")}
        of_day: Costs = {}
        if rebuilds_day:
            start = datetime.combine(LAST_DAY, time(), UTC)
            of_day["build"] = _measured(lambda: build_interval(spark, lake, "scaling-day", start, start + timedelta(days=1)))
            of_day["warehouse load"] = _measured(partial(load, "second"))
    return {"users": size.users, "days": size.days, "events": int(steps["landing"].pop("events")), "steps": steps, "last_day": of_day}


def measure_alerts(state_dir: Path, directory: Path, rate: float, seconds: float = ALERT_S) -> dict[str, float]:
    """The query `alerts` in a process of its own with the shipped rules, at an even rate; its start is part of it."""
    records = simulated_records(state_dir, TEMPLATES, is_valid=True)
    count = round(rate * seconds)
    with live_stream(directory) as stream, CpuMeter(_KINDS) as meter, stream.alerts_alone("app", get_settings().alert_rules_file) as app:
        stream.wait(app, "app", lambda: b"query=alerts" in stream.log("app").read_bytes(), "the query `alerts`")
        with stream.sender(records, rate, count):
            pass
    return {"rate": rate, "events": count, "core_s": round(meter.core_s(), 2)}


def _land(records: Path, options: SimulationOptions, directory: Path) -> tuple[Costs, str]:
    """The streaming app until everything has landed, its start included; the broker meanwhile."""
    with live_stream(directory) as stream:
        send(stream.bootstrap, prebuilt(records, options.producer_id))
        with CpuMeter(_KINDS) as meter:
            run_process([str(ROOT / "spark_apps" / "stream.py"), "--available-now"], directory, stream.bootstrap)
        events = sum(commit.records for commit in commits(stream.table))
    lake = str(directory / "lake")
    landing = {"core_s": round(meter.core_s(), 2), "bytes": _table_bytes(lake, "bronze.events"), "events": events}
    return {"landing": landing, "Kafka reads": {"core_s": round(meter.core_s(BROKER), 2)}}, lake


def _build(spark: SparkSession, lake: str) -> Costs:
    """Silver, the hourly gold and the rest of gold of the whole history, each as one build, gates and all."""
    steps = {"silver": _measured(lambda: _phases(spark, lake, "hourly", HOURLY_GOLD, ("silver_events", "silver_plays")))}
    steps["gold hourly"] = _measured(lambda: _phases(spark, lake, "hourly", HOURLY_GOLD, ("gold",), ends=True))
    steps["gold daily"] = _measured(lambda: _phases(spark, lake, "daily", DAILY_GOLD, ("gold", "audience"), ends=True))
    for step, tables in (("silver", _SILVER), ("gold hourly", HOURLY_GOLD), ("gold daily", _OTHER_GOLD)):
        steps[step]["bytes"] = sum(_table_bytes(lake, table) for table in tables)
    return steps


def _phases(spark: SparkSession, lake: str, run_id: str, gold: Sequence[str], phases: Sequence[str], *, ends: bool = False) -> None:
    plan_build(spark, lake, dag_id="scaling", run_id=run_id, kind="pull", gold_tables=tuple(gold))
    for phase in phases:
        build_phase(spark, lake, run_id, phase)
    if ends:
        record_run(spark, lake, run_id)


def _load(settings: Settings, lake: str, directory: Path, run_id: str) -> None:
    with closing(warehouse_connection(settings)) as connection:
        run_load(connection, lake=lake, export_root=directory / "export", run_id=run_id)


def _measured(step: Callable[[], Any]) -> dict[str, float]:
    with CpuMeter(_KINDS) as meter:
        step()
    return {"core_s": round(meter.core_s(OURS), 2)}


def _table_bytes(lake: str, name: str) -> int:
    """Bytes of the files that a table shows now."""
    if find_table(lake, name) is None:
        return 0
    sizes = DeltaTable(table_path(lake, name)).get_add_actions(flatten=True)["size_bytes"]
    return sum(int(size.as_py()) for size in sizes)


def _stored(warehouse: Path) -> int:
    """Bytes of the databases, what is not yet merged into their files included."""
    return sum(path.stat().st_size for path in warehouse.glob("*.db*"))
