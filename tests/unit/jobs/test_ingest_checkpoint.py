"""The table and the checkpoint tell of one past, or the streaming app does not start."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable

from playhead.errors import StackError
from playhead.io.checkpoint import remove_stray_checksums
from playhead.io.delta_append import AppendedTable
from playhead.jobs.ingest import open_bronze, require_same_past

DAY = date(2026, 3, 1)
PLAN = 'v1\n{"batchWatermarkMs":0}\n{"video_events":{"0":7}}'
MARK = 'v1\n{"nextBatchWatermarkMs":0}'


@pytest.fixture
def bronze(tmp_path: Path) -> AppendedTable:
    return open_bronze(str(tmp_path / "lake"))


def checkpoint(directory: Path, *, planned: int, finished: int, query_id: str = "query") -> str:
    """A checkpoint that has planned and finished these batches; -1 is none."""
    for name, newest, text in (("offsets", planned, PLAN), ("commits", finished, MARK)):
        (directory / name).mkdir(parents=True)
        for number in range(newest + 1):
            (directory / name / str(number)).write_text(text)
            (directory / name / f".{number}.crc").touch()
    (directory / "metadata").write_text(json.dumps({"id": query_id}))
    return str(directory)


def land(bronze: AppendedTable, batches: int) -> None:
    for number in range(batches):
        bronze.commit([], DAY, "query", number)


@pytest.mark.parametrize(
    ("landed", "planned", "finished"),
    [(0, -1, -1), (0, 0, -1), (1, 0, -1), (1, 0, 0), (1, 1, 0), (2, 1, 0), (2, 1, 1)],
    ids=[
        "new",
        "killed before the first landed",
        "killed before its mark",
        "idle",
        "killed in the second",
        "before its mark",
        "idle again",
    ],
)
def test_start__after_a_crash_at_any_point(bronze: AppendedTable, tmp_path: Path, landed: int, planned: int, finished: int) -> None:
    land(bronze, landed)
    require_same_past(bronze, checkpoint(tmp_path / "checkpoint", planned=planned, finished=finished))


def test_start__without_a_checkpoint_only_where_nothing_landed(bronze: AppendedTable, tmp_path: Path) -> None:
    require_same_past(bronze, str(tmp_path / "none"))
    (tmp_path / "none").mkdir()
    require_same_past(bronze, str(tmp_path / "none"))


def test_start__a_checkpoint_older_than_the_table_is_refused(bronze: AppendedTable, tmp_path: Path) -> None:
    land(bronze, 4)
    with pytest.raises(StackError, match=r"holds batch 3 but .* knows only of batch 1"):
        require_same_past(bronze, checkpoint(tmp_path / "checkpoint", planned=1, finished=1))


def test_start__a_table_older_than_the_checkpoint_is_refused(bronze: AppendedTable, tmp_path: Path) -> None:
    land(bronze, 2)
    with pytest.raises(StackError, match=r"batch 3 has landed but bronze.events holds only batch 1"):
        require_same_past(bronze, checkpoint(tmp_path / "checkpoint", planned=4, finished=3))


@pytest.mark.parametrize("left", ["", "v1", PLAN.rpartition("\n")[0], PLAN[:-1]])
@pytest.mark.parametrize(("landed", "told"), [(2, "restore it from a backup"), (1, "delete it: the batch has not landed")])
def test_start__a_plan_that_is_cut_off_is_refused(bronze: AppendedTable, tmp_path: Path, left: str, landed: int, told: str) -> None:
    land(bronze, landed)
    kept = checkpoint(tmp_path / "checkpoint", planned=1, finished=0)
    (Path(kept) / "offsets" / "1").write_text(left)
    with pytest.raises(StackError, match=f"offsets/1 is cut off.*{told}"):
        require_same_past(bronze, kept)


@pytest.mark.parametrize("left", ["", "v1", "v1\n", MARK[:-1]])
def test_start__a_mark_that_is_cut_off_is_refused(bronze: AppendedTable, tmp_path: Path, left: str) -> None:
    land(bronze, 2)
    kept = checkpoint(tmp_path / "checkpoint", planned=1, finished=1)
    (Path(kept) / "commits" / "1").write_text(left)
    with pytest.raises(StackError, match=r"commits/1 is cut off.*delete it: batch 1 is run again"):
        require_same_past(bronze, kept)


def test_start__checksums_go_whose_files_somebody_has_deleted(tmp_path: Path) -> None:
    kept = Path(checkpoint(tmp_path / "checkpoint", planned=2, finished=1))
    (kept / "offsets" / "2").unlink()
    (kept / "commits" / "1").unlink()
    (kept / "offsets" / "..2.some-id.tmp.crc").touch()
    left = {path for path in kept.rglob("*") if path.name not in {".2.crc", ".1.crc"}} | {kept / "offsets" / ".1.crc"}
    assert {Path(path).relative_to(kept).as_posix() for path in remove_stray_checksums(str(kept))} == {"offsets/.2.crc", "commits/.1.crc"}
    assert set(kept.rglob("*")) == left
    assert not remove_stray_checksums(str(kept))
    assert not remove_stray_checksums(str(tmp_path / "none"))


def test_start__another_querys_checkpoint_is_refused(bronze: AppendedTable, tmp_path: Path) -> None:
    land(bronze, 2)
    with pytest.raises(StackError, match=r"has landed but bronze.events holds none"):
        require_same_past(bronze, checkpoint(tmp_path / "checkpoint", planned=1, finished=1, query_id="another"))


def test_start__a_table_restored_to_before_its_newest_batch_is_refused_until_that_is_undone(bronze: AppendedTable, tmp_path: Path) -> None:
    land(bronze, 3)
    kept = checkpoint(tmp_path / "checkpoint", planned=2, finished=2)
    table = DeltaTable(tmp_path / "lake" / "bronze" / "events")
    newest = table.version()
    table.restore(newest - 1)
    assert bronze.committed("query") == 2, "the log goes on to tell of a batch whose rows are gone"
    with pytest.raises(StackError, match="restored to a version without its newest batches"):
        require_same_past(bronze, kept)
    table.restore(newest)
    bronze.committed("query")
    require_same_past(bronze, kept)


def test_start__a_table_restored_by_time_is_refused(bronze: AppendedTable, tmp_path: Path) -> None:
    land(bronze, 2)
    table = DeltaTable(tmp_path / "lake" / "bronze" / "events")
    in_an_hour = time.time() + 3600
    os.utime(tmp_path / "lake" / "bronze" / "events" / "_delta_log" / f"{table.version():020d}.json", (in_an_hour, in_an_hour))
    table.restore(datetime.now(UTC))
    bronze.committed("query")
    with pytest.raises(StackError, match="restored"):
        require_same_past(bronze, checkpoint(tmp_path / "checkpoint", planned=1, finished=1))


def test_start__commits_that_are_no_batch_are_not_taken_for_a_restored_table(bronze: AppendedTable, tmp_path: Path) -> None:
    land(bronze, 1)
    DeltaTable(tmp_path / "lake" / "bronze" / "events").alter.set_table_properties({"delta.checkpointInterval": "7"})
    bronze.committed("query")
    require_same_past(bronze, checkpoint(tmp_path / "checkpoint", planned=0, finished=0))
