"""Contestants are processes of their own: their environment, and running one to its end."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playhead.local.processes import log_tail

ROOT = Path(__file__).parents[1]
_DIES_WITHIN_S = 10


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that ended well: what it printed, how long it ran, and the processor time of it and its children."""

    output: str
    seconds: float
    cpu_s: float


def run_process(arguments: Sequence[str], directory: Path, bootstrap: str = "") -> Ended:
    """Run Python with these arguments in `directory`, which is its state directory too.

    Raises:
        RuntimeError: it failed; the message quotes the end of its log.
    """
    return run_command([sys.executable, *arguments], directory, environment(bootstrap, directory))


def run_command(command: Sequence[str], directory: Path, env: Mapping[str, str]) -> Ended:
    """Run a command in `directory` to its end.

    Raises:
        RuntimeError: it failed; the message quotes the end of its log.
    """
    log = directory / "log"
    began, cpu_began = time.monotonic(), _cpu_s()
    with log.open("wb") as said:
        done = subprocess.run(list(command), cwd=directory, env=dict(env), stdout=subprocess.PIPE, stderr=said, check=False)
    seconds, cpu_s = time.monotonic() - began, _cpu_s() - cpu_began
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {log_tail(log, 10)}")
    return Ended(done.stdout.decode(), seconds, cpu_s)


def python_process(
    arguments: Sequence[str], bootstrap: str, directory: Path, log: Path, settings: Mapping[str, str] | None = None
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Python with these arguments, as `killed_process`."""
    return killed_process([sys.executable, *arguments], directory, environment(bootstrap, directory) | dict(settings or {}), log)


@contextmanager
def killed_process(command: Sequence[str], directory: Path, env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, all of which is killed on exit where it has not ended by itself."""
    with log.open("ab") as said:
        process = subprocess.Popen(
            list(command), cwd=directory, env=dict(env), stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _wait_for_group(process.pid)


def _wait_for_group(group: int) -> None:
    """The last of a killed group dies some moments after the first; until then it holds its locks."""
    deadline = time.monotonic() + _DIES_WITHIN_S
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.01)


def environment(bootstrap: str, directory: Path) -> dict[str, str]:
    """Variables of a process that has `directory` as its state directory and `bootstrap` as its broker (empty: it needs none)."""
    import playhead

    return {
        # A Connect client marks its process; a contestant would inherit the mark and ask for a server.
        **{name: value for name, value in os.environ.items() if not name.startswith("SPARK_")},
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(playhead.__file__).parents[1])]),
        "PLAYHEAD_STATE_DIR": str(directory),
        "PLAYHEAD_KAFKA_BOOTSTRAP": bootstrap,
    }


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
