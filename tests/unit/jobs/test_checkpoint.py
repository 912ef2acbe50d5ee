"""A checkpoint that does not continue the table stops the app before it reads: records would land twice, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, Transaction, write_deltalake

from playhead.errors import StackError
from playhead.jobs.checkpoint import require_checkpoint

QUERY = "6b1c3a3e-8f6e-4a55-9d7d-0a1b2c3d4e5f"


@pytest.fixture
def table(tmp_path: Path) -> str:
    """A table that has landed batches 0 to 3 of the query."""
    path = str(tmp_path / "events")
    for batch in range(4):
        landed = CommitProperties(app_transactions=[Transaction(QUERY, batch)])
        write_deltalake(path, pa.table({"offset": [batch]}), mode="append", commit_properties=landed)
    return path


def checkpoint(tmp_path: Path, *, query: str = QUERY, planned: int, done: int) -> str:
    """A checkpoint as Spark lays it out: planned batches in offsets/, done ones in commits/."""
    directory = tmp_path / "checkpoint"
    for log, last in (("offsets", planned), ("commits", done)):
        (directory / log).mkdir(parents=True)
        for batch in range(last + 1):
            (directory / log / str(batch)).write_text("v1")
    (directory / "metadata").write_text(json.dumps({"id": query}))
    return str(directory)


@pytest.mark.parametrize(
    ("planned", "done"),
    [
        (3, 3),  # stopped between batches
        (3, 2),  # killed after the table's commit, before the checkpoint's
        (4, 3),  # killed while batch 4 was written
    ],
)
def test_checkpoint__every_place_a_crash_can_leave_it_in_continues(tmp_path: Path, table: str, planned: int, done: int) -> None:
    require_checkpoint(checkpoint(tmp_path, planned=planned, done=done), table)


def test_checkpoint__a_new_table_needs_none(tmp_path: Path) -> None:
    path = str(tmp_path / "empty")
    write_deltalake(path, pa.table({"offset": pa.array([], pa.int64())}))
    require_checkpoint(str(tmp_path / "none"), path)


def test_checkpoint__first_start_cut_short_before_its_first_batch_continues(tmp_path: Path) -> None:
    path = str(tmp_path / "empty")
    write_deltalake(path, pa.table({"offset": pa.array([], pa.int64())}))
    require_checkpoint(checkpoint(tmp_path, planned=0, done=-1), path)


def test_checkpoint__gone_would_land_everything_twice(tmp_path: Path, table: str) -> None:
    with pytest.raises(StackError, match="would land every record of Kafka again; restore the checkpoint"):
        require_checkpoint(str(tmp_path / "none"), table)


def test_checkpoint__older_than_the_table_would_skip_records(tmp_path: Path, table: str) -> None:
    with pytest.raises(StackError, match="ends at batch 1 but bronze.events has landed batch 3"):
        require_checkpoint(checkpoint(tmp_path, planned=1, done=1), table)


def test_checkpoint__of_another_table_would_skip_records(tmp_path: Path, table: str) -> None:
    other = checkpoint(tmp_path, query="00000000-0000-4000-8000-000000000000", planned=9, done=9)
    with pytest.raises(StackError, match="belongs to another table"):
        require_checkpoint(other, table)
