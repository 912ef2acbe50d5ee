"""Attempts at the steps of a run: who watches can tell one that is under way from one whose process has died, or stands still.

Each attempt is a small file beside the run's plan, `steps/<step>~<number>`. Its process holds an flock on it, which the kernel drops when
the process dies, touches it every few seconds, and says in it that the step failed; when the step is done, its files go. On an object
store, where there is no such lock, no attempt is noted: what runs the steps there (Airflow) tells of those that die.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

from playhead.io.run_files import run_directory

State = Literal["under_way", "silent", "failed", "died"]
SILENT_AFTER_S = 30.0
_TOUCH_S = 10.0


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is not done: how its last attempt went, and how many there were."""

    run: str
    name: str
    state: State
    attempts: int


@contextmanager
def attempt(lake: str, run_id: str, step: str) -> Iterator[None]:
    """Note that a step is being done, and where it fails that it has."""
    if "://" in lake:
        yield
        return
    directory = Path(run_directory(lake, run_id)) / "steps"
    directory.mkdir(parents=True, exist_ok=True)
    part = directory / f".{step}~{os.getpid()}"
    with part.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # held already when it is seen first
        _take_number(part, directory / step)
        try:
            with _touched(file.fileno()):
                yield
        except BaseException:
            file.write("failed")
            raise
    for path in directory.glob(f"{step}~*"):
        path.unlink(missing_ok=True)
    with suppress(OSError):  # other steps, or the run's plan
        directory.rmdir()
        directory.parent.rmdir()


@contextmanager
def _touched(file: int) -> Iterator[None]:
    """A file whose time goes on as long as this process does."""
    over = threading.Event()

    def touch() -> None:
        while not over.wait(_TOUCH_S):
            os.utime(file)

    thread = threading.Thread(target=touch, name="attempt", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _take_number(part: Path, step: Path) -> None:
    """Put an attempt in its place: another process may begin one at the same moment."""
    for number in count(1):
        with suppress(FileExistsError):
            step.with_name(f"{step.name}~{number}").hardlink_to(part)
            break
    part.unlink()


def read_steps(lake: str) -> list[Step]:
    """The steps of all runs that are not done."""
    steps: list[Step] = []
    for directory in sorted((Path(lake) / "_runs").glob("*/steps")):
        numbers: dict[str, list[int]] = {}
        for path in directory.glob("*~*"):
            if not path.name.startswith("."):
                step, _, number = path.name.rpartition("~")
                numbers.setdefault(step, []).append(int(number))
        for step, found in sorted(numbers.items()):
            with suppress(FileNotFoundError):  # it has been done since
                state = _state(directory / f"{step}~{max(found)}")
                steps.append(Step(directory.parent.name, step, state, len(found)))
    return steps


def _state(path: Path) -> State:
    with path.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return "silent" if time.time() - path.stat().st_mtime > SILENT_AFTER_S else "under_way"
        return "failed" if file.read() else "died"
