"""What the checkpoint of a streaming query says: whose it is, and how far it has come."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pyarrow.fs import FileSelector, FileSystem, FileType

from playhead.errors import StackError
from playhead.io.filesystem import open_filesystem


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A query's id, the newest batch it has planned, and the newest one it has finished; None where there is none.

    `is_cut_off`: the plan of the newest batch does not say to its end which records the batch is of.
    """

    query_id: str
    planned: int | None
    finished: int | None
    is_cut_off: bool


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
    planned = _newest(filesystem, f"{root}/offsets")
    is_cut_off = planned is not None and _is_cut_off(filesystem, f"{root}/offsets/{planned}")
    return Checkpoint(query_id, planned, _newest(filesystem, f"{root}/commits"), is_cut_off)


def read_finished_offsets(path: str) -> dict[str, dict[str, int]]:
    """Where the newest finished batch ended: next offsets by topic and partition; empty before the first."""
    filesystem, root = open_filesystem(path)
    finished = _newest(filesystem, f"{root}/commits")
    if finished is None:
        return {}
    with filesystem.open_input_file(f"{root}/offsets/{finished}") as file:
        offsets: dict[str, dict[str, int]] = json.loads(file.read().splitlines()[-1])
    return offsets


def _is_cut_off(filesystem: FileSystem, plan: str) -> bool:
    """Whether a plan lacks something of its lines: a version, the query's settings, and the offsets."""
    with filesystem.open_input_file(plan) as file:
        lines = file.read().splitlines()
    try:
        _, _, offsets = lines
        json.loads(offsets)
    except ValueError:
        return True
    return False


def _newest(filesystem: FileSystem, directory: str) -> int | None:
    files = filesystem.get_file_info(FileSelector(directory, allow_not_found=True))
    return max((int(file.base_name) for file in files if file.base_name.isdigit()), default=None)
