"""Recommendations over HTTP from a warm process: lists of `size` viewers on disk, questions one after the other, viewers at random.

The figure is the 99th of 100 answers in milliseconds, from before the question is sent until the answer is parsed.

ours: the list of a viewer. constant_answer: the same process says that it is healthy, so that the ratio is what looking up costs.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
from deltalake import write_deltalake

from benchmarks.harness import OURS, Bench, Contestant, Goal, Measurement, Report
from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.contest_record import ContestRecord, record_contest
from playhead.io.delta_table import table_path
from playhead.local.ports import free_base
from playhead.local.processes import running_process, wait_until
from playhead.serving.shelf import TABLE
from playhead.settings import Settings

PEER = "constant_answer"
QUESTIONS = 5_000
LIST_LENGTH = 10
_VIEWERS_AT_ONCE = 50_000
_DAY = date(2026, 3, 3)
_WARM = 200
_TAKES_AT_MOST_S = 600
_SEED = 7


@contextmanager
def prepare(state_dir: Path, size: int, report: Report) -> Iterator[Sequence[Contestant]]:
    """The service over a lake with lists of `size` viewers, warm."""
    with tempfile.TemporaryDirectory(prefix="recommend-", dir=state_dir) as directory:
        report(f"recommend: writing the lists of {size:,} viewers")
        write_lists(f"{directory}/lake", size)
        usual = Settings()
        settings = Settings(port_base=free_base(usual.ports(), usual.port_base), state_dir=Path(directory))
        env = {"PLAYHEAD_STATE_DIR": directory, "PLAYHEAD_PORT_BASE": str(settings.port_base)}
        url, log = f"http://127.0.0.1:{settings.port('serving')}", Path(directory, "serving.log")
        command = [sys.executable, "-m", "playhead.serving"]
        with httpx.Client(base_url=url, trust_env=False) as client, running_process(command, env, Path(directory), log) as process:
            report("recommend: the service takes the lists")
            wait_until(partial(_is_well, client), lambda: process.poll() is None, "the service", log, _TAKES_AT_MOST_S)
            for ask in (partial(_list, client, size), partial(_constant, client)):
                _ask(ask, _WARM)
            yield [
                Contestant(OURS, lambda _directory: _measure(partial(_list, client, size))),
                Contestant(PEER, lambda _directory: _measure(partial(_constant, client))),
            ]


def write_lists(lake: str, viewers: int) -> None:
    """Lists of ten titles each, as the job publishes them."""
    contract = load_contract(TABLE)
    shape = arrow_schema(contract)
    for begin in range(0, viewers, _VIEWERS_AT_ONCE):
        ids = range(begin, min(begin + _VIEWERS_AT_ONCE, viewers))
        count = len(ids) * LIST_LENGTH
        columns: dict[str, Any] = {
            "score_date": [_DAY] * count,
            "viewer_id": [viewer_name(viewer) for viewer in ids for _ in range(LIST_LENGTH)],
            "recommendation_rank": list(range(1, LIST_LENGTH + 1)) * len(ids),
            "content_id": [f"title-{(viewer * 31 + rank) % 10_000:05d}" for viewer in ids for rank in range(LIST_LENGTH)],
            "recommendation_score": [1 / rank for rank in range(1, LIST_LENGTH + 1)] * len(ids),
            "because_content_id": [f"title-{viewer % 10_000:05d}" for viewer in ids for _ in range(LIST_LENGTH)],
            "ranked_by": ["als"] * count,
        }
        rows = pa.table([columns[field.name] for field in shape], schema=shape)
        write_deltalake(table_path(lake, TABLE), rows, mode="append", partition_by=["score_date"])
    record_contest(lake, ContestRecord(str(_DAY), "als", "written for a bench", {}, viewers * LIST_LENGTH, []))


def viewer_name(viewer: int) -> str:
    """The id of a viewer."""
    return f"viewer-{viewer:09d}"


def _measure(ask: Any) -> Measurement:
    times, titles = _ask(ask, QUESTIONS)
    told = {"median_ms": statistics.median(times), "max_ms": max(times)}
    return Measurement(statistics.quantiles(times, n=100)[98], {"rows": len(times), "titles": titles}, told)


def _ask(ask: Any, count: int) -> tuple[list[float], int]:
    """Milliseconds of each answer, and how many titles they told."""
    draw, times, titles = random.Random(_SEED), [], 0
    for _ in range(count):
        started = time.perf_counter()
        titles += ask(draw)
        times.append(1000 * (time.perf_counter() - started))
    return times, titles


def _list(client: httpx.Client, viewers: int, draw: random.Random) -> int:
    viewer = viewer_name(draw.randrange(viewers))
    answer = client.get(f"/v1/recommendations/{viewer}").raise_for_status().json()
    return len(answer["recommendations"]) if answer["viewer_id"] == viewer and answer["ranked_by"] == "als" else 0


def _constant(client: httpx.Client, draw: random.Random) -> int:
    draw.random()
    return len(client.get("/healthz").raise_for_status().json())


def _is_well(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").is_success
    except httpx.TransportError:
        return False


def difference(produced: Mapping[str, Mapping[str, Any]], _size: int) -> str | None:
    """What is wrong: a question without the viewer's own ten titles, or without an answer."""
    expected = {OURS: {"rows": QUESTIONS, "titles": QUESTIONS * LIST_LENGTH}, PEER: {"rows": QUESTIONS, "titles": QUESTIONS}}
    wrong = [name for name, told in produced.items() if dict(told) != expected[name]]
    return f"{', '.join(wrong)} did not answer all questions" if wrong else None


BENCH = Bench(
    name="recommend",
    unit="ms for the 99th of 100 answers",
    goal=Goal(
        "at most 20 ms from a warm process; at most 3 times as long as an answer without a look-up",
        {PEER: 3.0},
        "lower",
        at_most={"figure": 20},
    ),
    size=1_000_000,
    prepare=prepare,
    difference=difference,
)
