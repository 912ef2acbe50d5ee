"""What the checkpoint of a streaming query says: whose it is, and how far it has come."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pyarrow.fs import FileSelector, FileSystem, FileType

from playhead.errors import StackError
from playhead.io.filesystem import open_filesystem

_PLAN_LINES = 3  # a version, the query's settings, the offsets
_MARK_LINES = 2  # a version, the watermark


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A query's id, the newest batch it has planned, and the newest one it has finished; None where there is none.

    `is_plan_cut_off`: the plan of the newest batch does not say to its end which records the batch is of. `is_mark_cut_off`: the mark that
    the newest batch was finished lacks its end, which Spark refuses to read.
    """

    query_id: str
    planned: int | None
    finished: int | None
    is_plan_cut_off: bool
    is_mark_cut_off: bool


def read_query_id(path: str) -> str | None:
    """The id of the query whose checkpoint lies at a path, the same from start to start; None where there is no checkpoint."""
    filesystem, root = open_filesystem(path)
    metadata = f"{root}/metadata"  # what makes it a checkpoint
    if filesystem.get_file_info(metadata).type is FileType.NotFound:
        return None
    with filesystem.open_input_file(metadata) as file:
        query_id: str = json.loads(file.read())["id"]
    return query_id


def require_query_id(path: str) -> str:
    """The id of a query that runs.

    Raises:
        StackError: its checkpoint has no metadata any more.
    """
    query_id = read_query_id(path)
    if query_id is None:
        raise StackError(f"{path}/metadata vanished while the query runs; is another process removing it?")
    return query_id


def read_checkpoint(path: str) -> Checkpoint | None:
    """The checkpoint at a path, None where there is none."""
    query_id = read_query_id(path)
    if query_id is None:
        return None
    filesystem, root = open_filesystem(path)
    planned, finished = _newest(filesystem, f"{root}/offsets"), _newest(filesystem, f"{root}/commits")
    is_plan_cut_off = planned is not None and _is_cut_off(filesystem, f"{root}/offsets/{planned}", _PLAN_LINES)
    is_mark_cut_off = finished is not None and _is_cut_off(filesystem, f"{root}/commits/{finished}", _MARK_LINES)
    return Checkpoint(query_id, planned, finished, is_plan_cut_off, is_mark_cut_off)


def remove_stray_checksums(path: str) -> list[str]:
    """Remove what is left of plans and marks that somebody has deleted; returns it.

    Hadoop keeps the checksum of a local file beside it, and cannot write a file anew where one lies that is not its own.
    """
    filesystem, root = open_filesystem(path)
    stray = []
    for directory in ("offsets", "commits"):
        files = {file.base_name for file in filesystem.get_file_info(FileSelector(f"{root}/{directory}", allow_not_found=True))}
        numbered = {f".{number}.crc": number for number in (name[1:-4] for name in files if name.endswith(".crc")) if number.isdigit()}
        stray += [f"{root}/{directory}/{checksum}" for checksum, number in numbered.items() if number not in files]
    for checksum in stray:
        filesystem.delete_file(checksum)
    return stray


def read_finished_offsets(path: str) -> dict[str, dict[str, int]]:
    """Where the newest finished batch ended: next offsets by topic and partition; empty before the first."""
    filesystem, root = open_filesystem(path)
    finished = _newest(filesystem, f"{root}/commits")
    if finished is None:
        return {}
    with filesystem.open_input_file(f"{root}/offsets/{finished}") as file:
        offsets: dict[str, dict[str, int]] = json.loads(file.read().splitlines()[-1])
    return offsets


def _is_cut_off(filesystem: FileSystem, path: str, count: int) -> bool:
    """Whether a file of the checkpoint lacks something of its lines, the last of which is JSON."""
    with filesystem.open_input_file(path) as file:
        lines = file.read().splitlines()
    try:
        json.loads(lines[-1] if len(lines) == count else b"")
    except ValueError:
        return True
    return False


def _newest(filesystem: FileSystem, directory: str) -> int | None:
    files = filesystem.get_file_info(FileSelector(directory, allow_not_found=True))
    return max((int(file.base_name) for file in files if file.base_name.isdigit()), default=None)
