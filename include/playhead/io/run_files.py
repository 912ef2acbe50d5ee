"""Small files of a run (its plan, manifests and verdicts), kept beside the tables on whatever storage the lake is on."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from pyarrow import fs

from playhead.io.filesystem import open_filesystem


def run_directory(lake: str, run_id: str) -> str:
    """Where a run keeps its small files."""
    return f"{lake}/_runs/{path_element(run_id)}"


def staging_directory(lake: str, run_id: str) -> str:
    """Where a run builds its rows before anyone sees them."""
    return f"{lake}/_staging/{path_element(run_id)}"


def staging_path(lake: str, run_id: str, table: str) -> str:
    """Where a run builds one table."""
    return f"{staging_directory(lake, run_id)}/{table}"


def write_json(path: str, document: dict[str, Any]) -> None:
    """Write a document so that readers see all of it or nothing."""
    files, where = open_filesystem(path)
    files.create_dir(where.rpartition("/")[0], recursive=True)
    with files.open_output_stream(f"{where}.part") as stream:
        stream.write(json.dumps(document, indent=1, sort_keys=True).encode())
    files.move(f"{where}.part", where)


def read_json(path: str) -> dict[str, Any] | None:
    """The document at `path`, or None when there is none."""
    files, where = open_filesystem(path)
    if files.get_file_info(where).type != fs.FileType.File:
        return None
    with files.open_input_stream(where) as stream:
        document: dict[str, Any] = json.loads(stream.read())
    return document


def remove_tree(path: str) -> None:
    """Remove a directory and all below it, if it is there."""
    files, where = open_filesystem(path)
    if files.get_file_info(where).type == fs.FileType.Directory:
        files.delete_dir(where)


def remove_older(path: str, age: timedelta) -> int:
    """Remove what lies directly below a directory and was last changed longer ago than `age`; returns how many entries."""
    files, where = open_filesystem(path)
    before = datetime.now(UTC) - age
    entries = files.get_file_info(fs.FileSelector(where, allow_not_found=True))
    old = [entry for entry in entries if entry.type == fs.FileType.Directory and entry.mtime is not None and entry.mtime < before]
    for entry in old:
        files.delete_dir(entry.path)
    return len(old)


def path_element(run_id: str) -> str:
    """A run's name as a path element, safe in file systems and object stores."""
    return re.sub(r"[^A-Za-z0-9_.~-]", "-", run_id)
