"""Kafka to bronze: preloaded events of the contract, landed into a fresh table, exactly once, available now.

The figure is records per second, warm: those committed after the first commit, over the time from the first commit to the last, by the
Delta log's own timestamps. So the start of a process and its first batch count for nobody; `cold_s` is the whole process. Where there is
one commit only, the figure is over the whole process, and the run says so (`is_warm`). No batch holds more than 400,000 records.
Writers that commit in step, as python_consumer's two do, gain from this rule: one commit of theirs took no time of its own, which is a
fifteenth of 3,000,000 records. With few commits the figure says nothing.

ours: spark_apps/stream.py. python_consumer: what a good Python engineer would write instead, with the same validation. tutorial_spark and
tutorial_spark_continuous: the tutorial job, which validates nothing, so only its Kafka coordinates are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import bronze_table
from benchmarks.harness import OURS, Bench, Contestant, Goal, Measurement, Report
from benchmarks.preload import preloaded_broker, simulated_records, simulation_options
from benchmarks.processes import ROOT, run_process

MAX_BATCH_RECORDS = 400_000
APP = (str(ROOT / "spark_apps" / "stream.py"), "--available-now")
TABLE = Path("lake") / "bronze" / "events"


@contextmanager
def prepare(state_dir: Path, size: int, report: Report) -> Iterator[Sequence[Contestant]]:
    """A broker that holds `size` simulated records, and who lands them."""
    report(f"ingest: simulating {size:,} records (kept for the next time)")
    records = simulated_records(state_dir, size)
    producer_id = simulation_options(size).producer_id
    with preloaded_broker(state_dir, records, size, producer_id, lambda text: report(f"ingest: {text}")) as bootstrap:
        yield contestants(bootstrap)


def contestants(bootstrap: str) -> list[Contestant]:
    """Who lands the records that `bootstrap` holds, each as a process of its own."""
    table = ["--table", str(TABLE)]
    tutorial = ["-m", "benchmarks.peers.tutorial_spark", "--bootstrap", bootstrap, *table, "--max-records", str(MAX_BATCH_RECORDS)]
    return [
        Contestant(OURS, partial(_run, APP, bootstrap, validates=True)),
        Contestant("python_consumer", partial(_run, consumer(bootstrap), bootstrap, validates=True)),
        Contestant("tutorial_spark", partial(_run, [*tutorial, "--trigger", "available-now"], bootstrap, validates=False)),
        Contestant("tutorial_spark_continuous", partial(_run, [*tutorial, "--trigger", "continuous"], bootstrap, validates=False)),
    ]


def consumer(bootstrap: str) -> list[str]:
    """The arguments that start python_consumer."""
    return ["-m", "benchmarks.peers.python_consumer", "--bootstrap", bootstrap, "--table", str(TABLE)]


def land(arguments: Sequence[str], bootstrap: str, directory: Path) -> tuple[float, dict[str, Any]]:
    """Let one process land all records into a fresh table; records per second, and what else is worth keeping."""
    cold_s = run_process(arguments, directory, bootstrap).seconds
    landings = bronze_table.commits(directory / TABLE)
    warm = bronze_table.warm_rate(landings)
    cold = sum(commit.records for commit in landings) / cold_s
    details = {"is_warm": warm is not None, "cold": round(cold), "cold_s": round(cold_s, 1), "commits": len(landings)}
    return cold if warm is None else warm, details


def _run(arguments: Sequence[str], bootstrap: str, directory: Path, *, validates: bool) -> Measurement:
    rate, details = land(arguments, bootstrap, directory)
    produced = bronze_table.coordinates(directory / TABLE)
    if validates:
        produced |= bronze_table.contents(directory / TABLE)
    return Measurement(rate, produced, details)


BENCH = Bench(
    name="ingest",
    unit="records/s, warm",
    goal=Goal(
        "at least as fast as python_consumer, 1.3 times as fast as tutorial_spark, 3 times as fast as tutorial_spark_continuous",
        {"python_consumer": 1.0, "tutorial_spark": 1.3, "tutorial_spark_continuous": 3.0},
    ),
    size=3_000_000,
    prepare=prepare,
    difference=bronze_table.difference,
)
