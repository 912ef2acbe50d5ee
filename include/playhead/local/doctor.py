"""`playhead doctor`: what this machine has, what it lacks, and how to get it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from playhead.errors import PlayheadError
from playhead.io.kafka import client_config, topic_health
from playhead.io.topics import declared_topics
from playhead.local.java import HOW_TO_GET_JAVA, java_version, require_java
from playhead.local.marks import marked_processes
from playhead.local.ports import busy_ports, free_base
from playhead.local.programs import programs, project_dir
from playhead.local.supervision import Supervisor
from playhead.settings import Settings

PYTHON_NEEDED = (3, 11)
_GIB = 2**30
DISK_NEEDED_BYTES = 5 * _GIB
# The whole stack at work (measured); with less the machine swaps.
MEMORY_NEEDED_BYTES = 8 * _GIB


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report.

    Attributes:
        name: what was looked at.
        ok: whether it is as it should be.
        required: whether the stack cannot run without it.
        detail: what was found.
        remedy: how to get it; empty where nothing is missing.
    """

    name: str
    ok: bool
    required: bool
    detail: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; never raises for something that is merely missing."""
    return [
        check_python(sys.version_info[:2]),
        check_java(),
        check_command("make", required=False, serves="make demo and make test", remedy="apt-get install make"),
        _attempt("checkout", lambda: str(project_dir(settings))),
        check_disk(_existing(settings.home), DISK_NEEDED_BYTES),
        check_memory(psutil.virtual_memory().available + _stack_memory(settings), MEMORY_NEEDED_BYTES),
        _check_ports_or_broker(settings),
        *check_optional(),
    ]


def passed(findings: Iterable[Finding]) -> bool:
    """Whether nothing that is required is missing."""
    return all(finding.ok for finding in findings if finding.required)


def check_python(found: tuple[int, int]) -> Finding:
    """Python 3.11 or 3.12."""
    text = ".".join(str(number) for number in found)
    ok = PYTHON_NEEDED <= found < (3, 13)
    return Finding(
        "Python", ok, True, text, "" if ok else "install Python 3.11 or 3.12 (apt-get install python3.11, or uv python install 3.11)"
    )


def check_java() -> Finding:
    """Java 17 (or 21)."""
    try:
        binary = require_java()
        return Finding("Java", True, True, f"{java_version(binary)} ({binary})")
    except PlayheadError as error:
        return Finding("Java", False, True, str(error).split(";")[0], HOW_TO_GET_JAVA)


def check_command(command: str, *, required: bool, serves: str, remedy: str) -> Finding:
    """A program on the PATH."""
    path = shutil.which(command)
    return Finding(command, path is not None, required, path or f"not found; serves {serves}", "" if path else remedy)


def check_optional() -> list[Finding]:
    """What the real player needs."""
    serves = "the real player (its test and its part of the demo are left out without it)"
    chromium = next((name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), "chromium")
    return [
        check_command(chromium, required=False, serves=serves, remedy="apt-get install chromium"),
        check_command("ffmpeg", required=False, serves=serves, remedy="apt-get install ffmpeg"),
        check_command("npm", required=False, serves=serves, remedy="apt-get install npm"),
    ]


def check_disk(path: Path, needed: int) -> Finding:
    """Free space where the state goes."""
    free = shutil.disk_usage(path).free
    ok = free >= needed
    return Finding(
        "disk",
        ok,
        True,
        f"{free / _GIB:.1f} GiB free at {path}",
        "" if ok else f"free {needed / _GIB:.0f} GiB, or set PLAYHEAD_STATE_DIR to another disk",
    )


def check_memory(available: int, needed: int) -> Finding:
    """Memory that the stack can use (what it uses already counts as available)."""
    ok = available >= needed
    return Finding(
        "memory",
        ok,
        False,
        f"{available / _GIB:.1f} GiB available",
        "" if ok else f"the stack uses up to {needed / _GIB:.0f} GiB: end other programs, or start only some parts (playhead up kafka …)",
    )


def _check_ports_or_broker(settings: Settings) -> Finding:
    """A stack that is up must have a healthy broker; one that is down must find its ports free."""
    if Supervisor(settings.home).is_running():
        return _attempt("broker", lambda: _broker_detail(settings))
    names = {name for part in programs(settings, Path()) for name in part.ports}
    ports = {name: settings.port(name) for name in sorted(names)}
    busy = busy_ports(ports)
    if not busy:
        return Finding("ports", True, True, f"{min(ports.values())} to {max(ports.values())} are free")
    detail = "; ".join(f"{ports[name]} ({name}) is taken by {holder}" for name, holder in busy.items())
    return Finding("ports", False, True, detail, f"stop that, or set PLAYHEAD_PORT_BASE={free_base(ports, settings.port_base)}")


def _broker_detail(settings: Settings) -> str:
    names = list(declared_topics(settings.topic_partitions, settings.topic_replication))
    ailing = [health.name for health in topic_health(client_config(settings), names) if not health.healthy]
    return f"{settings.bootstrap} answers; " + (
        f"not healthy: {', '.join(ailing)} (playhead topics health)" if ailing else "all topics healthy"
    )


def _attempt(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, True, look())
    except PlayheadError as error:
        detail, _, remedy = str(error).partition("; ")
        return Finding(name, False, True, detail, remedy)


def _existing(path: Path) -> Path:
    return next(candidate for candidate in (path, *path.parents) if candidate.exists())


def _stack_memory(settings: Settings) -> int:
    total = 0
    for process in marked_processes(settings.home):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
