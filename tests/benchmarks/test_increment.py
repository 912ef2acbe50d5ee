"""What the bench `increment` puts on top of a history, how it lengthens one, and when it refuses its figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from benchmarks.history import add_moved, land_more, linked_copy, more_events
from benchmarks.increment import TABLES, difference
from benchmarks.preload import simulated_records, simulation_options
from benchmarks.silver_lake import files_of_days, land_records
from playhead.bronze.buildable import hours_to_build
from playhead.io.touched_hours import read_touched_hours

BRONZE = "bronze.events"
EQUAL = dict.fromkeys(TABLES, (3, 7))


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with the bronze of two simulated days."""
    state_dir = tmp_path_factory.mktemp("state")
    land_records(files_of_days(simulated_records(state_dir, 1_500)), str(state_dir / "lake"), simulation_options(1_500).producer_id)
    return state_dir / "lake"


def _bronze(lake: Path) -> pa.Table:
    return DeltaTable(lake / "bronze" / "events").to_pyarrow_table()


def test_simulated_days_land_as_the_app_lands_them_and_tell_their_hours(landed: Path) -> None:
    newest = DeltaTable(landed / "bronze" / "events").version()
    told = read_touched_hours(str(landed), BRONZE, after=0, upto=newest)
    assert told == {f"{hour:%Y-%m-%dT%H}" for hour in hours_to_build(_bronze(landed))}


def test_more_events_are_new_ones_of_the_newest_two_hours(landed: Path) -> None:
    held, more = _bronze(landed), more_events(landed, 30)
    assert more.num_rows == len(set(more["event_id"].to_pylist()) - set(held["event_id"].to_pylist())) == 30
    assert set(more["session_id"].to_pylist()).isdisjoint(held["session_id"].to_pylist())
    assert len(set(more["offset"].to_pylist()) - set(held["offset"].to_pylist())) == 30
    assert hours_to_build(more) <= set(sorted(hours_to_build(held))[-2:])
    assert more["rejected_because"].null_count == 30


def test_more_events_than_can_be_made_are_refused(landed: Path) -> None:
    with pytest.raises(ValueError, match="ask for fewer"):
        more_events(landed, 10_000_000)


def test_a_linked_copy_is_written_to_alone_and_its_commit_tells_the_hours(landed: Path, tmp_path: Path) -> None:
    before = DeltaTable(landed / "bronze" / "events").version()
    more = more_events(landed, 30)
    linked_copy(landed, tmp_path / "copy")
    land_more(tmp_path / "copy", more)
    assert DeltaTable(landed / "bronze" / "events").version() == before
    assert _bronze(tmp_path / "copy").num_rows == _bronze(landed).num_rows + 30
    told = read_touched_hours(str(tmp_path / "copy"), BRONZE, after=before, upto=before + 1)
    assert told == {f"{hour:%Y-%m-%dT%H}" for hour in hours_to_build(more)}


def test_a_moved_copy_has_its_own_ids_and_earlier_times_and_tells_its_hours(landed: Path, tmp_path: Path) -> None:
    linked_copy(landed, tmp_path / "long")
    add_moved(landed, tmp_path / "long", BRONZE, timedelta(days=10), "a")
    held, both = _bronze(landed), _bronze(tmp_path / "long")
    assert both.num_rows == 2 * held.num_rows
    moved = both.filter(pc.less(both["landed_at"], pa.scalar(datetime(2026, 1, 25, tzinfo=UTC))))
    assert moved.num_rows == held.num_rows
    assert {at - timedelta(days=10) for at in held["event_timestamp"].to_pylist() if at} == set(moved["event_timestamp"].to_pylist()) - {
        None
    }
    for name in ("event_id", "session_id", "playback_id"):
        assert set(moved[name].to_pylist()).isdisjoint(set(held[name].to_pylist()) - {None}), name
        assert len(set(moved[name].to_pylist())) == len(set(held[name].to_pylist())), name
    table = DeltaTable(tmp_path / "long" / "bronze" / "events")
    told = pa.table(table.get_add_actions(flatten=True))
    assert pc.min(told["min.event_hour"]) == pc.min(both["event_hour"]).cast(told["min.event_hour"].type)
    assert sorted(told["num_records"].to_pylist())[0] > 0


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        pytest.param({TABLES[0]: (4, 7)}, "rows differ", id="one more row"),
        pytest.param({TABLES[-1]: (3, 8)}, "rows differ", id="another value"),
    ],
)
def test_unequal_tables_are_told(tables: dict[str, Any], told: str) -> None:
    assert (difference({"ours": EQUAL, "rebuild": EQUAL | tables}, 1) or "").startswith(told)


def test_empty_tables_prove_nothing() -> None:
    empty = EQUAL | {TABLES[0]: (0, 0)}
    assert difference({"ours": empty, "rebuild": empty}, 1) == f"{TABLES[0]} came out empty"
    assert difference({"ours": EQUAL, "rebuild": dict(EQUAL)}, 1) is None
