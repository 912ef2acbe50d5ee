"""The Lakehouse page's one answer, with `size` days of all tables in the logs: read and written as JSON, in a process that is warm.

The logs are as builds leave them: merged every night, and a commit for each hour since. The figure is milliseconds for an answer.

ours: the lake with its whole history. days_shown_alone: the same answer from a lake that holds no partition older than the page shows, so
that the ratio is what history costs.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from benchmarks.harness import OURS, Bench, Contestant, Goal, Measurement, Report, digests_differ
from playhead.contracts.model import load_contract
from playhead.io.delta_table import append_rows, merge_log, query_log
from playhead.io.partitions import days_between, hours_between, partition_end
from playhead.jobs.registry import BUILDS
from playhead.lakehouse_page.overview import WINDOW_DAYS, Overview, read_overview

PEER = "days_shown_alone"
# The end of a day on which everything was built.
NOW = datetime(2026, 3, 3, tzinfo=UTC)
LOGS = ("ops.publish_log", "ops.quality_scores")
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_WEEK_DAYS = 7
_ANSWER = TypeAdapter(Overview)
_SCORES = ("completeness", "validity", "uniqueness", "timeliness", "consistency", "total")


@contextmanager
def prepare(state_dir: Path, size: int, report: Report) -> Iterator[Sequence[Contestant]]:
    """A lake with the logs of `size` days, and one with those of the days that the page shows and the one before."""
    with tempfile.TemporaryDirectory(prefix="page-", dir=state_dir) as directory:
        contestants = []
        for name, days in ((OURS, size), (PEER, WINDOW_DAYS + 1)):
            report(f"page: writing the logs of {days:,} days")
            lake = f"{directory}/{name}"
            write_logs(lake, days)
            contestants.append(Contestant(name, partial(answer, lake)))
            answer(lake, Path(directory))
        yield contestants


def answer(lake: str, directory: Path) -> Measurement:
    """One answer of the page."""
    started = time.perf_counter()
    page = read_overview(lake, directory, now=NOW)
    told = _ANSWER.dump_json(page)
    ms = 1000 * (time.perf_counter() - started)
    rows = sum(query_log(lake, log, "SELECT count(*) AS rows FROM log")[0]["rows"] for log in LOGS)
    produced = {"rows": sum(len(row.cells) for row in page.partitions), "digest": hashlib.sha256(told).hexdigest()}
    return Measurement(ms, produced, {"log_rows": rows, "answer_bytes": len(told)})


def write_logs(lake: str, days: int) -> None:
    """What the builds of so many days up to NOW told of their partitions."""
    start, today = NOW - days * _DAY, NOW - _DAY
    while start < today:
        end = min(start + _WEEK_DAYS * _DAY, today)
        _tell(lake, hours_between(start, end), days_between(f"{start:%Y-%m-%d}", f"{end - _DAY:%Y-%m-%d}"))
        start = end
    for log in LOGS:
        merge_log(lake, log)
    for hour in hours_between(today, NOW):
        _tell(lake, [hour], [])
    _tell(lake, [], [f"{today:%Y-%m-%d}"])


def _tell(lake: str, hours: Sequence[str], days: Sequence[str]) -> None:
    """One build of these partitions of every table, each published a quarter of an hour after it was over."""
    keys = [(table, key) for table in BUILDS for key in (hours if load_contract(table).partition == "event_hour" else days)]
    append_rows(lake, "ops.publish_log", [_published(table, key) for table, key in keys])
    append_rows(lake, "ops.quality_scores", [_judged(table, key) for table, key in keys])


def _partition(table: str, key: str) -> dict[str, Any]:
    content = hashlib.sha256(f"{table}/{key}".encode()).hexdigest()
    told = {"run_id": f"run of {key}", "dag_id": "build_hourly", "table_name": table, "partition_key": key}
    return told | {"rows_count": 5, "content_hash": content}


def _published(table: str, key: str) -> Mapping[str, Any]:
    made_from = {"bronze_version": 1, "table_version": 1, "inputs": {"silver.playbacks": 1}}
    return _partition(table, key) | made_from | {"published_at": partition_end(key) + _HOUR / 4}


def _judged(table: str, key: str) -> Mapping[str, Any]:
    scores = {f"{name}_score": 100.0 for name in _SCORES}
    told = {"is_refused": False, "broken_rules": {}, "watched_means": {"mean": 1.0}, "compared_weeks_count": 8, "anomalies": {}}
    told |= {"contract_version": "1.0.0", "docs_page": None, "judged_at": partition_end(key) + _HOUR / 5}
    return _partition(table, key) | scores | told


def difference(produced: Mapping[str, Mapping[str, Any]], _size: int) -> str | None:
    """What is unequal: fewer cells than the page has, or another answer."""
    return digests_differ(produced, WINDOW_DAYS * len(BUILDS))


BENCH = Bench(
    name="page",
    unit="ms for an answer",
    goal=Goal(
        "at most 1,000 ms with three years of partitions of all tables; at most 1.5 times as long as without their history",
        {PEER: 1.5},
        "lower",
        at_most={"figure": 1000},
    ),
    size=3 * 365,
    prepare=prepare,
    difference=difference,
)
