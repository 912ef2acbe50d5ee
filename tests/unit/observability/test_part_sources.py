"""What the exporter reads of builds under way, producers and Airflow: who is at work, who has died, who is not heard of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pyarrow as pa
import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from playhead.errors import BuildError, StackError
from playhead.events.ledger import SENT_SCHEMA, Ledger, disconnected_at, last_sequence
from playhead.io import attempts
from playhead.io.attempts import attempt
from playhead.io.run_files import remove_tree, run_directory
from playhead.local.processes import free_port
from playhead.observability import metrics as m
from playhead.observability.sources.airflow import read_airflow
from playhead.observability.sources.producers import read_producers
from playhead.observability.sources.steps import read_build_steps

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def some(values: m.Values) -> m.Values:
    return {labels: found for labels, found in values.items() if found}


def sent(*sequences: int) -> pa.Table:
    rows = [{"sequence": number, "event_id": "e", "topic": "t", "digest": "d"} for number in sequences]
    return pa.Table.from_pylist(rows, schema=SENT_SCHEMA)


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    """A server that gives one answer to whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_steps__how_their_last_attempts_go_until_they_are_done(tmp_path: Path) -> None:
    """A process that is killed within a step lets go of the attempt, and has not said how it went."""
    lake, run = str(tmp_path), "build_daily__manual"
    dying = f"import os\nfrom playhead.io.attempts import attempt\nwith attempt({lake!r}, {run!r}, 'silver_plays'): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", dying], check=False)
    with attempt(lake, run, "silver_events"):
        pass
    with pytest.raises(BuildError), attempt(lake, run, "gold"):
        raise BuildError("refused")
    assert some(read_build_steps(lake)[m.STEPS]) == {("build_daily", "gold", "failed"): 1, ("build_daily", "silver_plays", "died"): 1}
    with attempt(lake, run, "gold"):
        told = read_build_steps(lake)
        assert some(told[m.STEPS]) == {("build_daily", "gold", "under_way"): 1, ("build_daily", "silver_plays", "died"): 1}
        assert some(told[m.STEPS_REPEATED]) == {("build_daily", "gold"): 1}
    assert some(read_build_steps(lake)[m.STEPS]) == {("build_daily", "silver_plays", "died"): 1}
    with attempt(lake, run, "silver_plays"):
        pass
    assert list(Path(lake, "_runs").iterdir()) == [], "nothing is left of a run of which nothing is known"


def test_steps__a_process_that_stands_still_is_silent_and_one_that_goes_on_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake, run = str(tmp_path), "build_daily__manual"

    def grow_old() -> None:
        (path,) = (tmp_path / "_runs" / run / "steps").glob("gold~*")
        os.utime(path, (time.time() - attempts.SILENT_AFTER_S - 1,) * 2)

    @retry(retry=retry_if_exception_type(AssertionError), stop=stop_after_delay(10), wait=wait_fixed(0.01), reraise=True)
    def is_under_way() -> None:
        assert some(read_build_steps(lake)[m.STEPS]) == {("build_daily", "gold", "under_way"): 1}

    with attempt(lake, run, "gold"):
        is_under_way()
        grow_old()
        assert some(read_build_steps(lake)[m.STEPS]) == {("build_daily", "gold", "silent"): 1}
    monkeypatch.setattr(attempts, "_TOUCH_S", 0.01)
    with attempt(lake, run, "gold"):
        grow_old()
        is_under_way()


def test_steps__one_that_records_its_run_removes_the_runs_files(tmp_path: Path) -> None:
    lake, run = str(tmp_path), "build_daily__manual"
    with attempt(lake, run, "record"):
        remove_tree(run_directory(lake, run))
    assert some(read_build_steps(lake)[m.STEPS]) == {}


def test_steps__of_a_lake_in_an_object_store_are_not_noted() -> None:
    with attempt("s3://lake", "build_daily__manual", "gold"):
        assert read_build_steps("s3://lake")[m.STEPS] == {}


def test_producers__records_that_nobody_acknowledged_wait_since_they_were_entered(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "load")
    ledger.record_sent(sent(0, 1, 2))
    ledger.record_acked(pa.array([0, 1], pa.int64()))
    now = (tmp_path / "load" / "sent-0.csv").stat().st_mtime + 20
    assert read_producers(tmp_path, now) == {m.UNACKNOWLEDGED_AGE: {("load",): 20}, m.DISCONNECTED: {}}
    ledger.record_acked(pa.array([2], pa.int64()))
    assert read_producers(tmp_path, now)[m.UNACKNOWLEDGED_AGE] == {("load",): 0}
    assert read_producers(tmp_path, now + 3600)[m.UNACKNOWLEDGED_AGE] == {}, "it has long ended"


def test_producers__the_ledger_of_one_that_runs_on_is_read_by_its_newest_segment(tmp_path: Path) -> None:
    for first in (0, 1):
        ledger = Ledger(tmp_path, "load")
        ledger.record_sent(sent(first))
        ledger.record_acked(pa.array([first], pa.int64()))
        ledger.close()
    (tmp_path / "load" / "acked-2.csv").write_bytes(b"2")  # torn
    assert last_sequence(tmp_path / "load", "sent") == (1, (tmp_path / "load" / "sent-1.csv").stat().st_mtime)
    assert read_producers(tmp_path)[m.UNACKNOWLEDGED_AGE] == {("load",): 0}


def test_producers__a_connection_that_was_lost(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "load")
    ledger.record_sent(sent(0))
    assert disconnected_at(ledger.path) is None
    ledger.note_disconnect()
    lost_at = disconnected_at(ledger.path)
    assert lost_at is not None
    assert read_producers(tmp_path)[m.DISCONNECTED] == {("load",): lost_at}


def test_airflow__one_that_does_not_answer_is_an_error_with_the_next_step() -> None:
    with pytest.raises(StackError, match="`playhead status`"):
        read_airflow(f"http://127.0.0.1:{free_port()}")


def test_airflow__parts_by_when_they_were_heard_of() -> None:
    health = {
        "metadatabase": {"status": "healthy"},
        "scheduler": {"status": "healthy", "latest_scheduler_heartbeat": NOON.isoformat()},
        "triggerer": {"status": None, "latest_triggerer_heartbeat": None},
        "dag_processor": {"status": "healthy", "latest_dag_processor_heartbeat": NOON.isoformat()},
    }
    with answering(json.dumps(health).encode()) as url:
        told = read_airflow(url, NOON + timedelta(seconds=40))
    assert told == {m.AIRFLOW_AGE: {("scheduler",): 40, ("dag_processor",): 40}}
    with answering(b"a login page") as url, pytest.raises(StackError, match="does not answer"):
        read_airflow(url)
