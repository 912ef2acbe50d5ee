"""The real supervisor with two real parts: started once, found again, healed, and gone without a trace."""

from __future__ import annotations

import os
import signal
import smtplib
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from playhead.errors import StackError
from playhead.io.kafka import topic_health
from playhead.local import stream_start
from playhead.local.marks import marked_processes
from playhead.local.ports import free_base
from playhead.local.processes import LOOPBACK
from playhead.local.stack import Stack
from playhead.settings import Settings

pytestmark = pytest.mark.stack
PARTS = ("kafka", "mail")
OFFSETS = Settings().ports()


def quiet(_part: str, _doing: str) -> None:
    """No progress display."""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    settings = Settings(state_dir=tmp_path / "state", port_base=free_base(OFFSETS, Settings().port_base))
    stack = Stack(settings)
    yield stack
    stack.down(quiet)


def test_up_again_status_and_down(stack: Stack) -> None:
    assert stack.up(quiet, PARTS) is True
    pids = {line.name: line.pid for line in stack.status() if line.pid}
    assert set(pids) == set(PARTS)
    assert all(line.healthy for line in stack.status() if line.name in PARTS)

    # Twice is the same as once.
    assert stack.up(quiet, PARTS) is False
    assert {line.name: line.pid for line in stack.status() if line.pid} == pids

    # The parts work: topics are there, and a mail arrives in the sink.
    bootstrap = {"bootstrap.servers": f"{LOOPBACK}:{stack.settings.port('kafka')}"}
    assert all(health.healthy for health in topic_health(bootstrap, ["video_events", "control"]))
    with smtplib.SMTP(LOOPBACK, stack.settings.port("smtp")) as client:
        client.sendmail("playhead@localhost", "operators@playhead.example", "Subject: late\n\nhour 5")
    [mail] = (stack.home / "mail" / "new").iterdir()
    assert "Subject: late" in mail.read_text()

    assert stack.down(quiet) is True
    assert marked_processes(stack.home) == []
    assert stack.down(quiet) is False


def test_a_killed_part_comes_back(stack: Stack) -> None:
    stack.up(quiet, ["mail"])
    first = next(line.pid for line in stack.status() if line.name == "mail")
    killed = psutil.Process(first)
    killed.kill()
    killed.wait(timeout=10)
    assert stack.up(quiet, ["mail"]) is False
    assert next(line.pid for line in stack.status() if line.name == "mail") not in (0, first)


def test_an_app_that_hangs_is_started_anew_and_one_that_a_person_stopped_is_not(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail sink stands for the streaming app: the supervisor does the same with both."""
    monkeypatch.setattr(stream_start, "PART", "mail")
    assert stream_start.start_anew(stack.home) == "no supervisor"
    stack.up(quiet, ["mail"])
    hanging = psutil.Process(next(line.pid for line in stack.status() if line.name == "mail"))
    hanging.suspend()
    assert stream_start.start_anew(stack.home) == "killed"
    hanging.wait(timeout=10)
    assert stack.up(quiet, ["mail"]) is False, "the supervisor has started it by itself"
    assert next(line.pid for line in stack.status() if line.name == "mail") not in (0, hanging.pid)
    stack.supervisor.stop("mail")
    assert stream_start.start_anew(stack.home) == "left stopped"


def test_down_finds_what_a_killed_supervisor_left(stack: Stack) -> None:
    stack.up(quiet, ["mail"])
    supervisor = psutil.Process(stack.supervisor.pid())
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.wait(timeout=10)
    assert marked_processes(stack.home)
    assert stack.down(quiet) is True
    assert marked_processes(stack.home) == []


def test_a_busy_port_is_refused_before_anything_starts(stack: Stack) -> None:
    stack.up(quiet, ["mail"])
    second = Stack(Settings(state_dir=stack.home.parent / "second", port_base=stack.settings.port_base))
    with pytest.raises(StackError, match=rf"port {stack.settings.port('smtp')} \(smtp\) is taken by process .*PLAYHEAD_PORT_BASE="):
        second.up(quiet, ["mail"])
    assert marked_processes(second.home) == []
