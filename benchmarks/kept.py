"""What benches work on is made once and kept for the next time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path


def kept_directory(directory: Path, fill: Callable[[str], None]) -> Path:
    """A directory that is filled at the first call and kept for the next ones; half of one is never taken for the whole."""
    if not directory.is_dir():
        partial = directory.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        fill(str(partial))
        partial.rename(directory)
    return directory
