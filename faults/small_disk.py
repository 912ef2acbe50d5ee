"""A disk that is full, for one directory: a small file system in memory is mounted over it, as only root may."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faults.model import NotInjectedError

_ROOM_BYTES = 2**20


@contextmanager
def full_disk(directory: Path) -> Iterator[None]:
    """`directory`, with what is in it, lies on a disk that has no room left; on exit it is where it was, with what it holds by then.

    Raises:
        NotInjectedError: this user may not mount.
    """
    with small_disk(directory) as disk:
        disk.fill()
        yield


@contextmanager
def small_disk(directory: Path) -> Iterator[SmallDisk]:
    """The same, with little room until it is filled."""
    held = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    with tempfile.TemporaryDirectory(dir=directory.parent) as aside:
        kept = Path(aside) / "kept"
        shutil.copytree(directory, kept)
        _run("mount", "-t", "tmpfs", "-o", f"size={2 * held + _ROOM_BYTES}", "tmpfs", str(directory))
        try:
            shutil.copytree(kept, directory, dirs_exist_ok=True)
            disk = SmallDisk(directory)
            yield disk
            disk.make_room()
            shutil.rmtree(kept)
            shutil.copytree(directory, kept)
        finally:
            _run("umount", "-l", str(directory))
        shutil.rmtree(directory)
        kept.rename(directory)


class SmallDisk:
    """What a directory lies on for a while."""

    def __init__(self, directory: Path) -> None:
        self._filler = directory / ".filler"

    def fill(self) -> None:
        """Take all room that is left."""
        with self._filler.open("wb", buffering=0) as filler:
            for size in (2**16, 2**12):
                while True:
                    try:
                        filler.write(os.urandom(size))
                    except OSError:
                        break

    def make_room(self) -> None:
        """Give it back."""
        self._filler.unlink(missing_ok=True)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInjectedError(f"{command[0]} failed: {done.stderr.strip()}")
