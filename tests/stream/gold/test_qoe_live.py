"""gold.qoe_live from a real stream of bronze.events: right, and the same after a crash.

The query runs in a process of its own, which a test can kill.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.checkpoint import read_checkpoint
from playhead.io.delta_append import write_data_file
from playhead.io.delta_table import query_log, table_version
from playhead.jobs.ingest import bronze_layout, open_bronze
from playhead.local.processes import wait_until

pytestmark = pytest.mark.slow

SCHEMA = arrow_schema(load_contract("bronze.events"))
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = Path(__file__).parent / "run_live.py"
Event = dict[str, Any]
_NUMBER = count(1)
_TOLD = "strftime(event_minute, '%H:%M') AS minute, country, plays_count, open_count, open_ms, failed_count, stall_ms, is_final"


def event(at_s: int, event_type: str = "video_play", *, arrived_s: int = 1, **change: Any) -> Event:
    """An event so many seconds after noon."""
    moment = START + timedelta(seconds=at_s)
    number = next(_NUMBER)
    told = {"event_type": event_type, "family": event_type.split("_")[0], "event_id": str(UUID(int=number)), "offset": number}
    told |= {"playback_id": "p1", "country": "DE", "platform": "web", "topic": "t", "partition": 0, "event_timestamp": moment}
    return told | {"event_hour": moment.replace(minute=0), "kafka_timestamp": moment + timedelta(seconds=arrived_s)} | change


class Lake:
    """A lake that lands batches of events, and the query over it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = str(home / "lake")
        self.checkpoint = str(home / "checkpoint")
        self._bronze = open_bronze(self.path)
        self._batches = count()

    def land(self, *events: Event) -> None:
        file = write_data_file(iter([pa.Table.from_pylist(list(events), SCHEMA)]), bronze_layout(self.path), date(2026, 3, 1))
        assert file is not None
        self._bronze.commit([file], date(2026, 3, 1), "test", next(self._batches))

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        with (self.home / "live.log").open("ab") as log:
            command = [sys.executable, str(RUN), self.path, self.checkpoint]
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def await_(self, process: subprocess.Popen[bytes], is_so: Callable[[], bool]) -> None:
        wait_until(is_so, lambda: process.poll() is None, "the query live", self.home / "live.log", 90)

    def rows(self) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in query_log(self.path, "gold.qoe_live", f"SELECT {_TOLD} FROM log ORDER BY ALL")]

    def finished(self) -> int:
        checkpoint = read_checkpoint(self.checkpoint)
        return -1 if checkpoint is None or checkpoint.finished is None else checkpoint.finished


BATCHES = [
    [event(5), event(20, playback_id="p2", country=None), event(30, "video_buffer", buffer_duration=2.5)],
    [event(70, "video_pause"), event(95, "video_stop", playback_id="p2", country=None)],
    # Of the past, rejected, of a clock ahead, and late: none of them may move the watermark or count.
    [
        event(-86_400 * 30, arrived_s=86_400 * 30, playback_id="old"),
        event(75, rejected_because=["x"], playback_id="bad"),
        event(100, arrived_s=121, playback_id="late"),
        event(7_200, arrived_s=-7_080, playback_id="ahead"),
    ],
    [event(290, playback_id="p3")],
    [event(300, "video_error", fatal=True, playback_id="p3")],
    [event(301, "video_pause")],  # the watermark of a batch is that of the batches before it: two minutes are final
]
EXPECTED = [
    # p1 from 12:00:05 on; its stall; and of an unknown country p2, from 12:00:20 to 12:01:35.
    ("12:00", "DE", 1, 1, 55_000, 0, 2_500, True),
    ("12:00", "unknown", 1, 1, 40_000, 0, 0, True),
    ("12:01", "DE", 0, 1, 60_000, 0, 0, True),
    ("12:01", "unknown", 0, 0, 35_000, 0, 0, True),
    # Told by the broker's clock, the one whose clock is ahead began at 12:02:00.
    ("12:02", "DE", 1, 2, 120_000, 0, 0, False),
    ("12:03", "DE", 0, 2, 120_000, 0, 0, False),
    ("12:04", "DE", 1, 3, 130_000, 0, 0, False),
    ("12:05", "DE", 0, 2, 120_000, 1, 0, False),
]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The batches, landed one after the other while the query runs."""
    lake = Lake(tmp_path_factory.mktemp("uninterrupted"))
    with lake.running() as process:
        for number, batch in enumerate(BATCHES):
            lake.land(*batch)
            lake.await_(process, lambda number=number: lake.finished() == number)  # type: ignore[misc]
    return lake


def test_qoe_live__minutes_are_right_and_what_is_not_live_does_not_count(uninterrupted: Lake) -> None:
    assert uninterrupted.rows() == EXPECTED


def test_qoe_live__a_crash_between_batches_changes_nothing(uninterrupted: Lake, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with lake.running() as process:
        for number, batch in enumerate(BATCHES[:2]):
            lake.land(*batch)
            lake.await_(process, lambda number=number: lake.finished() == number)  # type: ignore[misc]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for batch in BATCHES[2:-1]:
        lake.land(*batch)
    with lake.running() as process:
        lake.await_(process, lambda: lake.finished() == 2)
        lake.land(*BATCHES[-1])
        lake.await_(process, lambda: lake.finished() == 3)
    assert lake.rows() == uninterrupted.rows() == EXPECTED


def test_qoe_live__a_batch_that_is_done_again_writes_nothing(uninterrupted: Lake) -> None:
    """As after a crash between the commit to the table and the one to the checkpoint."""
    version = table_version(uninterrupted.path, "gold.qoe_live")
    last = uninterrupted.finished()
    (Path(uninterrupted.checkpoint) / "commits" / str(last)).unlink()
    (Path(uninterrupted.checkpoint) / "commits" / f".{last}.crc").unlink(missing_ok=True)
    with uninterrupted.running() as process:
        uninterrupted.await_(process, lambda: uninterrupted.finished() == last)
    assert table_version(uninterrupted.path, "gold.qoe_live") == version
    assert "has been written before" in (uninterrupted.home / "live.log").read_text(encoding="utf-8")
    assert uninterrupted.rows() == EXPECTED


def test_qoe_live__each_batch_is_one_commit(uninterrupted: Lake) -> None:
    history = DeltaTable(f"{uninterrupted.path}/gold/qoe_live").history()
    merges = [entry for entry in history if entry["operation"] == "MERGE"]
    assert len(merges) == len(BATCHES)
    assert json.loads(merges[0]["operationParameters"]["matchedPredicates"])[0]["actionType"] == "update"
