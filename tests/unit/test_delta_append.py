"""Files into a table in one commit each: shown once, never by two writers, merged without a change."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.contracts.shapes import Contract
from playhead.io.delta_append import AppendedTable, DataFile, Layout, write_data_file
from playhead.io.delta_table import FEW_FILES

CONTRACT = load_contract("bronze.events")
SCHEMA = arrow_schema(CONTRACT)
DAY = date(2026, 3, 1)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(str(tmp_path / "events"), day_column="landed_date", skipped_by="event_hour", clustered_by="family")


def open_table(layout: Layout, contract: Contract = CONTRACT) -> AppendedTable:
    return AppendedTable(layout, contract, {"delta.appendOnly": "true", "delta.dataSkippingStatsColumns": "event_hour"})


def write(layout: Layout, *hours: int | None, day: date = DAY) -> DataFile:
    rows = [_row(hour, day) for hour in hours]
    file = write_data_file(iter([pa.Table.from_pylist(rows, SCHEMA)]), layout, day)
    assert file is not None
    return file


def _row(hour: int | None, day: date) -> dict[str, Any]:
    event_hour = None if hour is None else datetime(2026, 3, 1, hour, tzinfo=UTC)
    return {"topic": "video_events", "partition": 0, "offset": hour, "event_hour": event_hour, "ad_price": 0, "landed_date": day}


def hours_in(layout: Layout) -> list[int]:
    return sorted(DeltaTable(layout.root).to_pyarrow_table()["offset"].to_pylist())


def test_open__a_table_made_before_its_contract_gained_a_column_shows_the_values_of_both(layout: Layout) -> None:
    older = replace(CONTRACT, columns=tuple(column for column in CONTRACT.columns if column.name != "offset"))
    open_table(layout, older).commit([write(layout, 5)], DAY, "query", 0)
    assert "offset" not in DeltaTable(layout.root).to_pyarrow_table().column_names
    open_table(layout).commit([write(layout, 6)], DAY, "query", 1)
    assert hours_in(layout) == [5, 6]


def test_open__an_older_writer_takes_no_column_away(layout: Layout) -> None:
    open_table(layout).commit([write(layout, 5)], DAY, "query", 0)
    older = replace(CONTRACT, columns=tuple(column for column in CONTRACT.columns if column.name != "ad_price"))
    open_table(layout, older).commit([write(layout, 6)], DAY, "query", 1)
    assert hours_in(layout) == [5, 6]
    assert "ad_price" in DeltaTable(layout.root).to_pyarrow_table().column_names


def test_commit__shows_files_and_remembers_the_number(layout: Layout) -> None:
    table = open_table(layout)
    file = write(layout, 5, 6)
    assert not table.has_rows, "a file that no commit names is not there"
    table.commit([file], DAY, "query", 0)
    assert open_table(layout).committed("query") == 0
    assert open_table(layout).committed("other query") is None
    assert hours_in(layout) == [5, 6]
    assert DeltaTable(layout.root).to_pyarrow_table().schema.field("event_hour").type == pa.timestamp("us", "UTC")


def test_commit__a_batch_without_rows_is_remembered_too(layout: Layout) -> None:
    table = open_table(layout)
    table.commit([], DAY, "query", 0)
    assert table.committed("query") == 0


def test_commit__a_second_writer_of_the_same_query_is_refused(layout: Layout) -> None:
    """Fencing: whoever was overtaken cannot land the batch a second time."""
    ours, zombie = open_table(layout), open_table(layout)
    ours.commit([write(layout, 5)], DAY, "query", 0)
    with pytest.raises(CommitFailedError):
        zombie.commit([write(layout, 5)], DAY, "query", 0)
    zombie.commit([write(layout, 6)], DAY, "another query", 0)
    assert hours_in(layout) == [5, 6], "negative control: writers of different queries do not hinder each other"


def test_file__tells_rows_and_bounds_of_the_one_column_readers_skip_by(layout: Layout) -> None:
    told = json.loads(write(layout, 7, None, 5).statistics)
    assert told == {
        "numRecords": 3,
        "nullCount": {"event_hour": 1},
        "minValues": {"event_hour": "2026-03-01T05:00:00.000Z"},
        "maxValues": {"event_hour": "2026-03-01T07:00:00.000Z"},
    }


def test_file__without_rows_is_none(layout: Layout) -> None:
    assert write_data_file(iter([SCHEMA.empty_table()]), layout, DAY) is None
    assert write_data_file(iter([]), layout, DAY) is None


def test_merge_files__joins_the_files_of_the_days_and_changes_no_row(layout: Layout) -> None:
    table = open_table(layout)
    other = date(2026, 3, 2)
    many = range(FEW_FILES + 1)
    table.commit([write(layout, hour) for hour in many], DAY, "query", 0)
    table.commit([write(layout, hour, day=other) for hour in many], other, "query", 1)
    assert table.merge_files(DAY, DAY) == 1
    paths = DeltaTable(layout.root).file_uris()
    assert sum("2026-03-01" in path for path in paths) == 1
    assert sum("2026-03-02" in path for path in paths) == len(many)
    assert hours_in(layout) == sorted([*many, *many])
    assert table.merge_files(DAY, DAY) == 0, "what is merged stays as it is"
    table.commit([write(layout, 23)], DAY, "query", 2)
    assert hours_in(layout) == [*sorted([*many, *many]), 23], "landing goes on after a merge"


def test_merge_files__leaves_a_few_files_as_they_are(layout: Layout) -> None:
    table = open_table(layout)
    table.commit([write(layout, hour) for hour in range(FEW_FILES)], DAY, "query", 0)
    assert table.merge_files(DAY, DAY) == 0


def test_vacuum__spares_files_that_may_yet_be_committed(layout: Layout) -> None:
    table = open_table(layout)
    table.commit([write(layout, 5)], DAY, "query", 0)
    pending = write(layout, 6)
    table.vacuum()
    table.commit([pending], DAY, "query", 1)
    assert hours_in(layout) == [5, 6]
