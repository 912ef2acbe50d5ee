"""Commits tell which event hours they touch, and a build believes nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable

from playhead.io.delta_append import AppendedTable
from playhead.io.touched_hours import read_touched_hours, touched_metadata
from playhead.jobs.ingest import open_bronze

DAY = date(2026, 3, 1)


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path)


def land(bronze: AppendedTable, number: int, *hours: str) -> None:
    bronze.commit([], DAY, "query", number, metadata=touched_metadata(hours))


def test_read__the_hours_of_the_versions_asked_for(lake: str) -> None:
    bronze = open_bronze(lake)  # version 0
    land(bronze, 0, "2026-03-01T05", "2026-03-01T06", "2026-02-20T00")
    land(bronze, 1, "2026-03-01T07")
    land(bronze, 2)

    assert read_touched_hours(lake, "bronze.events", after=-1, upto=3) == {
        "2026-02-20T00", "2026-03-01T05", "2026-03-01T06", "2026-03-01T07",
    }  # fmt: skip
    assert read_touched_hours(lake, "bronze.events", after=1, upto=2) == {"2026-03-01T07"}
    assert read_touched_hours(lake, "bronze.events", after=2, upto=3) == set()


def test_read__a_commit_that_does_not_tell_makes_all_unknown(lake: str) -> None:
    bronze = open_bronze(lake)
    land(bronze, 0, "2026-03-01T05")
    bronze.commit([], DAY, "another writer", 0)

    assert read_touched_hours(lake, "bronze.events", after=0, upto=2) is None
    assert read_touched_hours(lake, "bronze.events", after=0, upto=1) == {"2026-03-01T05"}


def test_read__a_commit_that_is_forgotten_makes_all_unknown(lake: str) -> None:
    bronze = open_bronze(lake)
    land(bronze, 0, "2026-03-01T05")
    land(bronze, 1, "2026-03-01T06")
    DeltaTable(str(Path(lake, "bronze", "events"))).create_checkpoint()
    for version in (0, 1):
        Path(lake, "bronze", "events", "_delta_log", f"{version:020}.json").unlink()

    assert read_touched_hours(lake, "bronze.events", after=0, upto=2) is None
    assert read_touched_hours(lake, "bronze.events", after=1, upto=2) == {"2026-03-01T06"}


def test_read__a_table_that_does_not_exist_has_no_hours(lake: str) -> None:
    assert read_touched_hours(lake, "bronze.events", after=-1, upto=3) == set()
