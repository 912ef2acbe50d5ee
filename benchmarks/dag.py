"""The hourly build by Airflow on the warm stack: the newest three hours that wait, of the records that the size says.

The figure is overhead in seconds: of ours the run's own start to its end, less the time in which Spark was at work; of the peer the time of
its processes, less the same. Airflow's API asks for the run, its scheduler takes the tasks. `jvm_starts` counts new JVMs of the stack
while the run goes on, `restarts` parts of the stack that are not the processes they were. One run before the first is for warming up.

ours: DAG build_hourly on the embedded stack. spark_submit: the same tasks on a copy of the same lake, one application each, one after
the other without any Airflow, which only flatters it. What both publish must have the same content hashes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness import OURS, Bench, Contestant, Goal, Measurement, Report
from benchmarks.jvm_starts import JvmStarts
from benchmarks.peers.spark_submit import HOURLY_TASKS, submit
from benchmarks.prebuilt_records import prebuilt, send
from benchmarks.preload import simulated_records, simulation_options
from benchmarks.processes import ROOT
from benchmarks.spark_time import covered_s, served_spans
from playhead.demo.flow import run_dags, see_through, settle, wait_for_bronze
from playhead.io.airflow_api import AirflowApi
from playhead.io.delta_table import query_log
from playhead.jobs.run_context import RunContext
from playhead.local.airflow_env import ADMIN, admin_password
from playhead.local.ports import free_base
from playhead.local.processes import LOOPBACK
from playhead.local.stack import Stack
from playhead.local.supervision import Supervisor
from playhead.settings import Settings

DAG = "build_hourly"
_PEER = "spark_submit"
_HASHES = "SELECT table_name, partition_key, content_hash FROM log WHERE run_id = $run_id"


@contextmanager
def prepare(state_dir: Path, size: int, report: Report) -> Iterator[Sequence[Contestant]]:
    """The embedded stack with `size` records in bronze and few of their hours built."""
    report(f"dag: simulating {size:,} records (kept for the next time)")
    records = simulated_records(state_dir, size)
    with tempfile.TemporaryDirectory(prefix="stack-", dir=state_dir) as directory, running_stack(Path(directory), report) as settings:
        send(settings.bootstrap, prebuilt(records, simulation_options(size).producer_id))
        wait_for_bronze(settings, report)
        with airflow(settings) as api:
            run_dags(api, [DAG], report)
        before = Path(directory) / "before"
        yield [Contestant(OURS, partial(build, settings, before)), Contestant(_PEER, partial(_submit_all, before))]


@contextmanager
def running_stack(home: Path, report: Report) -> Iterator[Settings]:
    """A stack of one's own, all DAGs paused."""
    usual = Settings(state_dir=home, project_dir=ROOT)
    stack = Stack(usual.model_copy(update={"port_base": free_base(usual.ports(), usual.port_base)}))

    def told(part: str, what: str) -> None:
        report(f"dag: {part} {what}")

    try:
        stack.up(told, unpause=False)
        yield stack.settings
    finally:
        stack.down(told)


def airflow(settings: Settings) -> AirflowApi:
    """The stack's Airflow."""
    return AirflowApi(settings.airflow_url, ADMIN, admin_password(settings.home))


def build(settings: Settings, before: Path, directory: Path) -> Measurement:
    """One run of the DAG; the lake as it was is kept in `before`."""
    with airflow(settings) as api:
        settle(api, [DAG], _unheard)
        shutil.rmtree(before, ignore_errors=True)
        shutil.copytree(settings.lake, before, ignore=shutil.ignore_patterns("_checkpoints"))
        parts = _parts(settings)
        with JvmStarts(settings.home) as jvms:
            run_id = api.trigger(DAG)
            see_through(api, DAG, run_id, _unheard)
        run, tasks = api.run(DAG, run_id), api.task_instances(DAG, run_id)
    began, ended = (datetime.fromisoformat(run[moment]).timestamp() for moment in ("start_date", "end_date"))
    spark_s = covered_s(served_spans(f"http://{LOOPBACK}:{settings.port('spark_ui')}"), began, ended)
    restarts = sum(pid != parts.get(name) for name, pid in _parts(settings).items())
    details = _details(ended - began, spark_s) | {
        "tasks_s": round(sum(task["duration"] for task in tasks), 2),
        "jvm_starts": jvms.count,
        "restarts": restarts,
    }
    return Measurement(ended - began - spark_s, published(settings.lake, RunContext(DAG, run_id)), details)


def _submit_all(before: Path, directory: Path) -> Measurement:
    lake = directory / "lake"
    shutil.copytree(before, lake)
    run = RunContext(DAG, "submitted")
    took = [submit(directory / str(number), lake, run, job, options) for number, (job, options) in enumerate(HOURLY_TASKS)]
    wall_s, spark_s = (sum(seconds) for seconds in zip(*took, strict=True))
    return Measurement(wall_s - spark_s, published(str(lake), run), _details(wall_s, spark_s))


def _details(wall_s: float, spark_s: float) -> dict[str, float]:
    return {"wall_s": round(wall_s, 2), "spark_s": round(spark_s, 2)}


def _parts(settings: Settings) -> dict[str, int]:
    return {name: state.pid for name, state in Supervisor(settings.home).states().items()}


def published(lake: str, run: RunContext) -> dict[str, str]:
    """The content hash of each partition that a run published."""
    rows = query_log(lake, "ops.publish_log", _HASHES, {"run_id": run.key})
    return {f"{row['table_name']}/{row['partition_key']}": row["content_hash"] for row in rows}


def _unheard(_: str) -> None:
    """Progress within a turn, which the bar has no place for."""


def difference(produced: Mapping[str, Mapping[str, Any]], _size: int) -> str | None:
    """What is unequal: the partitions that were published, or their content."""
    ours, peer = produced[OURS], produced[_PEER]
    if not any(partition.startswith("gold.") for partition in ours):
        return "no hour of gold was built; give a larger size"
    unequal = sorted(partition for partition in ours.keys() | peer.keys() if ours.get(partition) != peer.get(partition))
    return f"published otherwise: {', '.join(unequal)}" if unequal else None


BENCH = Bench(
    name="dag",
    unit="s of overhead",
    goal=Goal(
        "no JVM started, at most 15 s of overhead; a fifth of that of spark_submit",
        {_PEER: 0.2},
        "lower",
        at_most={"figure": 15, "jvm_starts": 0, "restarts": 0},
    ),
    size=200_000,
    prepare=prepare,
    difference=difference,
)
