"""Where a path of the lake lies: on local disk, or in an object store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyarrow import fs


def open_filesystem(path: str) -> tuple[Any, str]:
    """The file system that holds a path, and the path as that file system spells it."""
    if "://" not in path:
        return fs.LocalFileSystem(), str(Path(path).absolute())
    files, where = fs.FileSystem.from_uri(object_store_uri(path))
    return files, where


def object_store_uri(path: str) -> str:
    """A path as everyone but Spark spells it: Spark says s3a, others s3. Local paths stay as they are."""
    return "s3://" + path.removeprefix("s3a://") if path.startswith("s3a://") else path
