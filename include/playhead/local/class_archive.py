"""Archives of classes: a JVM that starts with one maps its classes into memory instead of loading and verifying each anew.

A JVM for which there is none writes one when it ends, under a name of its own; the next start checks it and takes it over. So the first
stop of a stack takes some seconds longer, and each later start is shorter. A start never depends on an archive: the JVM leaves one that is
not its own (another Java, other jars) alone, and one that is not whole is removed before the JVM sees it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

from playhead.local.processes import one_at_a_time

logger = logging.getLogger(__name__)

# Each is some 50 MB (broker) to 250 MB (batch engine); there is one for each set of jars, and so for each virtual environment.
_KEPT_OF_A_KIND = 3
_CHECK_TIMEOUT_S = 60
# What a JVM says of classes that cannot be archived, and of an archive that is not its own, is no news to anyone.
_SILENT = "-Xlog:cds*=off,class+path=off"


def archive_options(cache_dir: Path, kind: str, command: Sequence[str], *, may_record: bool = True) -> list[str]:
    """Options for a JVM to start with the archive of its kind, or to write one when it ends.

    Args:
        cache_dir: the cache that all stacks of this user share.
        kind: what the JVM does, as part of a file name; JVMs of a kind load mostly the same classes.
        command: the JVM's command line as far as it decides which classes there are: the java command, its options, its class path.
        may_record: whether a JVM that finds no archive writes one.
    """
    directory = cache_dir / "classes"
    name = f"{kind}-{_fingerprint(command)}"
    archive = _archive(directory, name)
    if archive is None:
        directory.mkdir(parents=True, exist_ok=True)
        _take_over(directory, name, command)
        archive = _archive(directory, name)
    if archive is not None:
        return ["-Xshare:auto", f"-XX:SharedArchiveFile={archive}", _SILENT]
    return [f"-XX:ArchiveClassesAtExit={directory / name}.{os.getpid()}", _SILENT] if may_record else []


def _archive(directory: Path, name: str) -> Path | None:
    """The archive of this name that is as long as its name says: a JVM crashes when it reads on where a file has ended."""
    found = directory.glob(f"{name}-*.jsa")
    return next((path for path in found if path.stem == f"{name}-{path.stat().st_size}"), None)


def _fingerprint(command: Sequence[str]) -> str:
    """Changes with the java command, its options, and every file of the class path."""
    java, options = Path(command[0]).resolve(), list(command[1:])
    digest = hashlib.sha256("\0".join([*map(_state, [java, *_class_path(command)]), *options]).encode())
    return digest.hexdigest()[:16]


def _class_path(command: Sequence[str]) -> list[Path]:
    entries = [Path(entry) for entry in command[command.index("-cp") + 1].split(os.pathsep)]
    return [file for entry in entries for file in (sorted(entry.parent.glob("*.jar")) if entry.name == "*" else [entry])]


def _state(file: Path) -> str:
    status = file.stat()
    return f"{file} {status.st_size} {status.st_mtime_ns}"


def _take_over(directory: Path, name: str, command: Sequence[str]) -> None:
    """The first written one that is sound becomes the archive; the others go, and so do the oldest of its kind."""
    with one_at_a_time(directory / "take_over.lock"):
        for written in directory.glob(f"{name}.[0-9]*"):
            if psutil.pid_exists(int(written.suffix[1:])):
                continue  # its JVM still writes
            if _archive(directory, name) is None and _is_sound(written, command):
                _sync(written)
                written.replace(directory / f"{name}-{written.stat().st_size}.jsa")
            else:
                written.unlink()
        kind = name.rpartition("-")[0]
        by_age = sorted(directory.glob(f"{kind}-*.jsa"), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in by_age[_KEPT_OF_A_KIND:]:
            old.unlink()


def _is_sound(written: Path, command: Sequence[str]) -> bool:
    """Whether a JVM that needs it starts with it, all its checksums compared. With one that is torn it crashes, without a trace."""
    archive = ["-Xshare:on", f"-XX:SharedArchiveFile={written}", "-XX:+VerifySharedSpaces"]
    quiet = ["-XX:ErrorFile=/dev/null", "-XX:-CreateCoredumpOnCrash"]
    done = subprocess.run([*command, *archive, *quiet, "-version"], capture_output=True, text=True, check=False, timeout=_CHECK_TIMEOUT_S)
    if done.returncode:
        logger.warning("%s cannot be used and is removed: %s", written, (done.stdout or done.stderr).strip()[:200])
    return done.returncode == 0


def _sync(written: Path) -> None:
    """Its bytes are on disk before its new name is."""
    descriptor = os.open(written, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
