"""Contestants as processes: a failure is an error that quotes the log, and none outlives its turn."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from benchmarks import live_stream
from benchmarks.live_stream import LiveStream, kill
from benchmarks.processes import python_process, run_process

# Stands in for spark_apps/stream.py: starts, and answers SIGTERM with the exit code that it is made with.
_APP = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit({code}))
print("query=ingest started", flush=True)
while True:
    signal.pause()
"""


def test_output_time_and_processor_time_of_a_process(tmp_path: Path) -> None:
    ended = run_process(["-c", "sum(range(3_000_000)); print('done')"], tmp_path)
    assert ended.output == "done\n"
    assert ended.cpu_s > 0
    assert ended.seconds > 0


def test_a_failure_quotes_the_log(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with 3: what went wrong"):
        run_process(["-c", "import sys; print('what went wrong', file=sys.stderr); sys.exit(3)"], tmp_path)


def test_a_process_does_not_outlive_its_turn(tmp_path: Path) -> None:
    with python_process(["-c", "import signal; signal.pause()"], "", tmp_path, tmp_path / "log") as process:
        assert psutil.pid_exists(process.pid)
    assert process.returncode == -9
    assert not psutil.pid_exists(process.pid)


@pytest.fixture
def stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveStream:
    (tmp_path / "spark_apps").mkdir()
    monkeypatch.setattr(live_stream, "ROOT", tmp_path)
    return LiveStream("", tmp_path)


def _write_app(stream: LiveStream, code: int) -> None:
    (stream.directory / "spark_apps" / "stream.py").write_text(_APP.format(code=code), encoding="utf-8")


def test_the_app_is_asked_to_end(stream: LiveStream) -> None:
    _write_app(stream, 0)
    with stream.app("app") as app:
        stream.wait_started(app, "app")
    assert app.returncode == 0


def test_an_app_that_does_not_end_cleanly_is_an_error(stream: LiveStream) -> None:
    _write_app(stream, 1)
    with pytest.raises(RuntimeError, match="app ended with 1"), stream.app("app") as app:
        stream.wait_started(app, "app")


def test_a_killed_app_is_none(stream: LiveStream) -> None:
    _write_app(stream, 1)
    with stream.app("app") as app:
        stream.wait_started(app, "app")
        kill(app)
    assert app.returncode == -9


def test_a_sender_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the sender ended with 1"), LiveStream("", tmp_path).sender(tmp_path / "nothing", 1, 1):
        pass
