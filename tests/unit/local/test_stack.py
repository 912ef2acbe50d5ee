"""The stack's own decisions, without its processes: the project, the parts, leftovers, a second start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from playhead.errors import StackError
from playhead.local.marks import end_processes, marked_processes
from playhead.local.programs import STACK_VARIABLE, project_dir
from playhead.local.stack import Stack
from playhead.settings import Settings


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("dags", "spark_apps"):
        (tmp_path / "checkout" / name).mkdir(parents=True)
    return tmp_path / "checkout"


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the stack whose parent is gone, as after kill -9 of the supervisor."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command, env=os.environ | {STACK_VARIABLE: str(tmp_path / "state")}) as process:
        yield process
        process.kill()


def test_project_dir__found_from_a_folder_inside_it(checkout: Path) -> None:
    (checkout / "docs" / "adr").mkdir(parents=True)
    assert project_dir(Settings(project_dir=checkout / "docs" / "adr")) == checkout.resolve()


def test_up__an_unknown_part_is_named_with_those_there_are(checkout: Path, tmp_path: Path) -> None:
    stack = Stack(Settings(state_dir=tmp_path / "state", project_dir=checkout))
    with pytest.raises(StackError, match=r"no part zookeeper; its parts are kafka, spark_connect"):
        stack.up(lambda _part, _doing: None, ["zookeeper"])


def test_down__fine_when_nothing_runs(checkout: Path, tmp_path: Path) -> None:
    stack = Stack(Settings(state_dir=tmp_path / "state", project_dir=checkout))
    assert stack.down(lambda _part, _doing: None) is False


def test_status__everything_stopped_and_unhealthy(checkout: Path, tmp_path: Path) -> None:
    lines = Stack(Settings(state_dir=tmp_path / "state", project_dir=checkout)).status()
    assert {(line.state, line.healthy, line.pid) for line in lines} == {("STOPPED", False, 0)}


def test_down__ends_processes_whose_supervisor_died(checkout: Path, tmp_path: Path, orphan: subprocess.Popen[bytes]) -> None:
    stack = Stack(Settings(state_dir=tmp_path / "state", project_dir=checkout))
    assert [process.pid for process in marked_processes(stack.home)] == [orphan.pid]
    assert stack.down(lambda _part, _doing: None) is True
    orphan.wait(timeout=5)
    assert marked_processes(stack.home) == []


def test_marked_processes__another_stack_is_left_alone(tmp_path: Path, orphan: subprocess.Popen[bytes]) -> None:
    assert marked_processes(tmp_path / "another") == []
    end_processes(marked_processes(tmp_path / "another"))
    assert orphan.poll() is None
