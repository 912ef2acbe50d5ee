"""The streaming app over thousands of commits: batches of half a second, one after the other, with the app's own maintenance beside them.

The size is commits. The figure is the median time of the last batches in milliseconds, by the app's own account; `growth` is the ratio to
the median of early ones (of 3,000 commits, the last hundred to those from 100 to 200). `scan_ratio` is the time in which the batch engine
reads all columns of bronze as the app left it, over that of a copy whose files were merged; both in turn, medians. How many files there
are, and what log and driver came to, is told beside. There is no peer: the goal is absolute. It is meant to be run once.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from deltalake import DeltaTable

from benchmarks.batch_engine import batch_engine
from benchmarks.broker_records import topic_ends
from benchmarks.harness import OURS, Bench, Contestant, Goal, Measurement, Report
from benchmarks.history import linked_copy
from benchmarks.live_stream import LiveStream, live_stream
from benchmarks.paced_events import TEMPLATES
from benchmarks.preload import simulated_records
from playhead.contracts.model import load_contract
from playhead.io.delta import read_table
from playhead.jobs.ingest import open_bronze
from playhead.observability.heartbeat import read_heartbeat

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RATE = 1_000
_APP = "app"
_SCANS = 3
_COMMIT_S = 5  # no commit takes longer on the slowest machine
_START_S = 120
_BATCH = re.compile(r"query=ingest batch=\d+ rows=\d+ ms=(\d+)")
_WRONG = ("lost", "doubled", "unsent", "rejected")


@contextmanager
def prepare(state_dir: Path, size: int, report: Report) -> Iterator[Sequence[Contestant]]:
    """The simulated events that those that happen are made of, and a batch engine; broker and app belong to a turn."""
    report("soak: simulating what events are made of (kept for the next time)")
    records = simulated_records(state_dir, TEMPLATES, is_valid=True)
    with batch_engine(state_dir) as spark:
        yield [Contestant(OURS, partial(_run, spark, records, size))]


def _run(spark: SparkSession, records: Path, size: int, directory: Path) -> Measurement:
    with live_stream(directory) as stream:
        with stream.app(_APP, rules=stream.no_rules()) as app:
            stream.wait_started(app, _APP)
            with stream.endless_sender(records, RATE):
                _wait_committed(stream, app, 2 * size // 30)
                memory = {f"early_{name}": value for name, value in _memory_mb(app).items()}
                _wait_committed(stream, app, size)
            stream.wait_landed(app, _APP, sum(topic_ends(stream.bootstrap).values()))
            memory |= {f"late_{name}": value for name, value in _memory_mb(app).items()}
        batches = batch_times(stream.log(_APP).read_text(encoding="utf-8"), size)
        left = {"files": len(DeltaTable(stream.table).file_uris()), "log_mb": _megabytes(stream.table / "_delta_log")}
        scans, read = _scan(spark, directory)
        return Measurement(batches["late_ms"], stream.books() | read, batches | scans | left | memory)


def _wait_committed(stream: LiveStream, app: subprocess.Popen[bytes], count: int) -> None:
    def committed() -> bool:
        beat = read_heartbeat(stream.directory)
        return beat is not None and beat.batches_total >= count

    stream.wait(app, _APP, committed, f"{count} commits", _START_S + count * _COMMIT_S)


def batch_times(log: str, size: int) -> dict[str, float]:
    """Medians in milliseconds of a thirtieth of the batches, from the second thirtieth and from the end, and their ratio."""
    times = [int(milliseconds) for milliseconds in _BATCH.findall(log)][:size]
    share = size // 30
    early, late = statistics.median(times[share : 2 * share]), statistics.median(times[-share:])
    return {"early_ms": early, "late_ms": late, "growth": round(late / early, 3)}


def _memory_mb(app: subprocess.Popen[bytes]) -> dict[str, int]:
    """Resident memory of the driver: its Python, and its JVM."""
    driver = psutil.Process(app.pid)
    (jvm,) = (child for child in driver.children() if child.name() == "java")
    return {f"{name}_mb": process.memory_info().rss // 2**20 for name, process in (("python", driver), ("jvm", jvm))}


def _megabytes(directory: Path) -> float:
    return round(sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()) / 2**20, 1)


def _scan(spark: SparkSession, directory: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """Seconds to read bronze as it is and merged, and what was read of either."""
    linked_copy(directory / "lake", directory / "merged")
    open_bronze(str(directory / "merged")).merge_files(date.min, date.max)
    lakes = {"lake": directory / "lake", "merged": directory / "merged"}
    took: dict[str, list[float]] = {name: [] for name in lakes}
    read = {}
    for _ in range(_SCANS):
        for name, lake in lakes.items():
            began = time.monotonic()
            read[f"{name}_rows"] = _read(spark, str(lake))
            took[name].append(time.monotonic() - began)
    seconds = {f"{name}_scan_s": round(statistics.median(each), 3) for name, each in took.items()}
    return seconds | {"scan_ratio": round(seconds["lake_scan_s"] / seconds["merged_scan_s"], 3)}, read


def _read(spark: SparkSession, lake: str) -> tuple[int, int]:
    """Rows of bronze, and a digest of their values; Spark hashes no maps."""
    columns = ", ".join(f"`{c.name}`" for c in load_contract("bronze.events").columns if not c.type.startswith("map"))
    rows = read_table(spark, lake, "bronze.events").selectExpr("count(*) AS rows", f"bit_xor(xxhash64({columns})) AS digest")
    (found,) = rows.collect()
    return found.rows, found.digest


def difference(produced: Mapping[str, Mapping[str, Any]], _size: int) -> str | None:
    """An event lost, doubled, never sent or rejected; or rows that merging changed."""
    found = produced[OURS]
    if found["lake_rows"] != found["merged_rows"]:
        return f"merging changed rows (count, digest): {found['lake_rows']} became {found['merged_rows']}"
    wrong = {name: found[name] for name in _WRONG if found[name]}
    return f"the books of {found['acked']} events do not balance: {wrong}" if wrong or not found["acked"] else None


BENCH = Bench(
    name="soak",
    unit="ms of a batch at the end, median",
    goal=Goal(
        "batches at the end at most 1.2 times as long as early ones; a scan at most 1.3 times as long as of a merged copy",
        {},
        "lower",
        at_most={"growth": 1.2, "scan_ratio": 1.3},
    ),
    size=3_000,
    runs=1,
    prepare=prepare,
    difference=difference,
)
