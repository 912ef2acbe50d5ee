"""What the streaming app does for bronze beside landing: files of today are joined at once, closed days maintained by the hour."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import psutil
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from playhead.bronze.events import RECORD_SCHEMA, Landing, build_events
from playhead.errors import StackError
from playhead.io.delta_append import write_data_file
from playhead.io.delta_table import FEW_FILES, table_path
from playhead.io.touched_hours import read_touched_hours, touched_metadata
from playhead.jobs import keep_bronze as keeping
from playhead.jobs import maintain
from playhead.jobs.ingest import bronze_layout, open_bronze
from playhead.jobs.keep_bronze import keep_bronze, run_keep_bronze
from playhead.jobs.maintain import join_landed, maintain_bronze

TODAY = date(2026, 2, 1)
MANY = FEW_FILES + 1
_LIMIT_S = 60
Land = Callable[..., None]


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


@pytest.fixture
def land(lake: str) -> Land:
    """Lands one record in a commit and file of its own."""
    numbers = count()

    def land(day: date = TODAY) -> None:
        number, at = next(numbers), datetime(day.year, day.month, day.day, tzinfo=UTC)
        record = {"value": b"no json", "topic": "video_events", "partition": 0, "offset": number, "kafka_timestamp": at}
        rows = build_events(pa.Table.from_pylist([record], RECORD_SCHEMA), Landing(at, timedelta(days=7)))
        file = write_data_file(iter([rows]), bronze_layout(lake), day)
        assert file is not None
        open_bronze(lake).commit([file], day, "ingest", number, metadata=touched_metadata([]))

    return land


def _table(lake: str) -> DeltaTable:
    return DeltaTable(table_path(lake, "bronze.events"))


def _offsets(lake: str) -> list[int]:
    return sorted(_table(lake).to_pyarrow_table()["offset"].to_pylist())


def test_join_landed__joins_the_files_of_today_alone_and_touches_no_hour(lake: str, land: Land) -> None:
    for _ in range(MANY):
        land(TODAY)
        land(TODAY - timedelta(days=1))
    landed = _table(lake).version()
    join_landed(lake, today=TODAY)
    files = _table(lake).file_uris()
    assert sum(TODAY.isoformat() in file for file in files) == 1
    assert len(files) == 1 + MANY
    assert _offsets(lake) == list(range(2 * MANY))
    assert read_touched_hours(lake, "bronze.events", after=landed, upto=_table(lake).version()) == set()


def test_join_landed__leaves_large_files_to_maintenance(lake: str, land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(MANY):
        land()
    monkeypatch.setattr(maintain, "JOINED_BYTES", 1)
    join_landed(lake, today=TODAY)
    assert len(_table(lake).file_uris()) == MANY
    maintain_bronze(lake, today=TODAY + timedelta(days=1))
    assert len(_table(lake).file_uris()) == 1


def test_join_landed__landing_goes_on_meanwhile(lake: str, land: Land) -> None:
    stop = threading.Event()
    land(datetime.now(UTC).date())
    joining = threading.Thread(target=keep_bronze, args=(lake, stop), kwargs={"join_every_s": 0.01})
    joining.start()
    for _ in range(4 * MANY):
        land(datetime.now(UTC).date())
    stop.set()
    joining.join()
    assert _offsets(lake) == list(range(4 * MANY + 1))
    assert open_bronze(lake).committed("ingest") == 4 * MANY
    assert any(commit["operation"] == "OPTIMIZE" for commit in _table(lake).history())


def test_keep_bronze__maintains_when_it_is_due_and_tries_again_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, done = threading.Event(), []

    def join(_lake: str) -> None:
        done.append("join")
        if len(done) == 1:
            raise DeltaError("busy")

    def maintain_all(_lake: str) -> None:
        done.append("maintain")
        stop.set()

    monkeypatch.setattr(keeping, "join_landed", join)
    monkeypatch.setattr(keeping, "maintain_bronze", maintain_all)
    keep_bronze("lake", stop, every_s=0, join_every_s=0.001)
    assert done == ["join", "join", "maintain"]


def test_keep_bronze__does_not_maintain_before_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, done = threading.Event(), []

    def join(_lake: str) -> None:
        done.append("join")
        if len(done) == 3:
            stop.set()

    monkeypatch.setattr(keeping, "join_landed", join)
    monkeypatch.setattr(keeping, "maintain_bronze", lambda _lake: done.append("maintain"))
    keep_bronze("lake", stop, every_s=3600, join_every_s=0.001)
    assert done == ["join"] * 3


def test_run_keep_bronze__joins_in_a_process_of_its_own_until_it_is_told_to_stop(lake: str, land: Land) -> None:
    for _ in range(MANY):
        land(datetime.now(UTC).date())
    stop = threading.Event()
    running = threading.Thread(target=run_keep_bronze, args=(lake, stop), kwargs={"join_every_s": 0.01})
    running.start()
    _wait_until(lambda: len(_table(lake).file_uris()) == 1)
    stop.set()
    running.join(_LIMIT_S)
    assert not running.is_alive()
    assert _offsets(lake) == list(range(MANY))


def test_run_keep_bronze__begins_no_process_when_it_is_told_to_stop_before(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    stop.set()
    monkeypatch.setattr(keeping.subprocess, "Popen", None)
    run_keep_bronze("lake", stop)


def test_run_keep_bronze__a_process_that_ends_by_itself_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping.sys, "executable", "/bin/false")
    with pytest.raises(StackError, match="ended with 1"):
        run_keep_bronze("lake", threading.Event(), join_every_s=0.01)


def test_keep_bronze__as_a_process_gives_way_to_all_others_and_ends_with_who_started_it(lake: str) -> None:
    command = [sys.executable, "-m", "playhead.jobs.keep_bronze", lake]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        _wait_until(lambda: psutil.Process(process.pid).nice() == 19)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(_LIMIT_S) == 0


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
