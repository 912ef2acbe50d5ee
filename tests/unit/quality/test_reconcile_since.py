"""The books since a day: what differs within is found, what differs before is not looked at, and no file of before is opened."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from playhead.cli import app
from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.errors import BooksError
from playhead.events.ledger import Ledger
from playhead.io.reconcile_record import read_reconcile_record
from playhead.jobs.reconcile import reconcile_open_days
from playhead.observability import metrics as m
from playhead.observability.sources.books import read_books
from playhead.quality.reconcile import BRONZE, Difference, reconcile
from playhead.settings import get_settings

SILVER = "silver.interactions"
FIRST = date(2026, 1, 1)
DAYS = 20
SINCE = date(2026, 1, 12)
NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)  # with a horizon of 7 days, SINCE is the first day that may still change
OLD, RECENT = 3, 15  # events, by their day
Rows = list[dict[str, Any]]
Alter = Callable[[Rows], Rows]


def noon(day: int) -> datetime:
    return datetime.combine(FIRST + timedelta(days=day), datetime.min.time(), UTC) + timedelta(hours=12, minutes=day)


def like(day: int) -> dict[str, Any]:
    """The one like of a day, landed at once."""
    at = noon(day)
    return {
        "family": "interaction", "event_type": "user_like", "event_id": f"e{day}", "user_id": f"u{day}", "event_timestamp": at,
        "event_hour": at.replace(minute=0), "event_date": at.date(), "topic": "user_interactions", "partition": 0, "offset": day,
        "kafka_timestamp": at, "producer_id": "p", "producer_sequence": day, "landed_at": at, "landed_date": at.date(), "is_late": False,
    }  # fmt: skip


class Lake:
    """A lake with one like a day, in bronze, in silver and in its producer's ledger."""

    def __init__(self, root: Path) -> None:
        self.root, self.lake, self.ledger = root, root / "lake", root / "ledger"

    def write(self, table: str, rows: Rows, partition_by: list[str] | None = None) -> None:
        schema = arrow_schema(load_contract(table))
        columns = [pa.array([row.get(field.name) for row in rows], field.type) for field in schema]
        path = str(self.lake / table.replace(".", "/"))
        write_deltalake(path, pa.Table.from_arrays(columns, schema=schema), mode="append", partition_by=partition_by)

    def write_all(self, *, bronze: Alter = list, silver: Alter = list, cursor: int = 0) -> None:
        self.write(BRONZE, bronze([like(day) for day in range(DAYS)]), ["landed_date"])
        self.write(SILVER, silver([like(day) for day in range(DAYS)]), ["event_date"])
        self.write("ops.build_log", [{"run_kind": "pull", "bronze_version": cursor, "finished_at": NOW, "pending_hours": []}])

    def acknowledge(self, *days: int) -> None:
        """A segment of the ledger, last written to on the newest of the days."""
        ledger = Ledger(self.ledger, "p")
        rows = {"sequence": list(days), "event_id": [f"e{day}" for day in days], "topic": ["t"] * len(days), "digest": ["d"] * len(days)}
        ledger.record_sent(pa.table(rows))
        ledger.record_acked(pa.array(list(days), pa.int64()))
        ledger.close()
        for kind in ("sent", "acked"):
            newest = max((self.ledger / "p").glob(f"{kind}-*.csv"), key=lambda path: path.stat().st_mtime_ns)
            os.utime(newest, (noon(max(days)).timestamp(),) * 2)

    def differences(self, since: date | None = SINCE) -> list[Difference]:
        return list(reconcile(str(self.lake), self.ledger, since=since).differences)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def dropped(day: int) -> Alter:
    return lambda rows: [row for row in rows if row["event_id"] != f"e{day}"]


def doubled(day: int) -> Alter:
    return lambda rows: [*rows, like(day)]


def altered(day: int) -> Alter:
    return lambda rows: [row | {"user_id": "someone else"} if row["event_id"] == f"e{day}" else row for row in rows]


WRONG = {"missing": dropped, "repeated": doubled, "altered": altered}


@pytest.mark.parametrize("what", sorted(WRONG))
def test_since__one_wrong_row_within_is_named(lake: Lake, what: str) -> None:
    lake.write_all(silver=WRONG[what](RECENT))
    (difference,) = lake.differences()
    assert (difference.table, difference.minute, difference.ids) == (SILVER, noon(RECENT), (f"{what} e{RECENT}",))


@pytest.mark.parametrize("what", sorted(WRONG))
def test_since__one_wrong_row_before_is_not_looked_at(lake: Lake, what: str) -> None:
    lake.write_all(silver=WRONG[what](OLD))
    assert lake.differences() == []
    assert [each.ids for each in lake.differences(since=None)] == [(f"{what} e{OLD}",)]


def test_since__the_day_itself_belongs_to_it(lake: Lake) -> None:
    first = (SINCE - FIRST).days
    lake.write_all(silver=lambda rows: dropped(first)(dropped(first - 1)(rows)))
    assert [each.ids for each in lake.differences()] == [(f"missing e{first}",)]


def test_since__no_file_of_before_is_opened(lake: Lake) -> None:
    """Files that are gone cannot be read, nor could segments of another shape."""
    lake.write_all()
    lake.acknowledge(*range(5))
    lake.acknowledge(*range(11, DAYS))
    for table, first in ((BRONZE, SINCE - timedelta(days=3)), (SILVER, SINCE)):
        days = {path: date.fromisoformat(path.name.partition("=")[2]) for path in (lake.lake / table.replace(".", "/")).glob("*=*")}
        gone = [path for path, day in days.items() if day < first]
        assert len(days) > len(gone) > 5
        for path in gone:
            shutil.rmtree(path)
    for path in (lake.ledger / "p").glob("*-0.csv"):
        at = path.stat().st_mtime
        path.write_text("not,a,ledger\n" * 3)
        os.utime(path, (at, at))
    found = reconcile(str(lake.lake), lake.ledger, since=SINCE)
    assert (found.events, found.differences) == ((FIRST + timedelta(days=DAYS) - SINCE).days, ())
    with pytest.raises(Exception, match=r"No files found|CSV"):
        lake.differences(since=None)


def test_since__late_data_of_an_older_day_is_not_expected_of_silver(lake: Lake) -> None:
    """What landed within the days, but happened before, is bronze's alone here."""
    late = like(OLD) | {"event_id": "late", "offset": 99, "landed_date": noon(RECENT).date()}
    lake.write_all(bronze=lambda rows: [*rows, late])
    assert lake.differences() == []
    assert [each.ids for each in lake.differences(since=None)] == [("missing late",)]


def test_since__an_acknowledged_record_that_never_landed(lake: Lake) -> None:
    lake.write_all(bronze=dropped(RECENT), silver=dropped(RECENT))
    lake.acknowledge(*range(11, DAYS))
    assert [(each.table, each.ids) for each in lake.differences()] == [(BRONZE, (f"missing e{RECENT}",))]


def test_since__a_ledger_that_was_copied_tells_of_old_records_that_did_land(lake: Lake) -> None:
    lake.write_all(bronze=dropped(1), silver=dropped(1))
    lake.acknowledge(1, 2, *range(11, DAYS))
    assert [each.ids for each in lake.differences()] == [("missing e1",)], "2 landed long ago, 1 never did"


def test_since__a_record_is_missed_where_nothing_landed_before(lake: Lake) -> None:
    """There is no older file of bronze to look into."""
    young = DAYS - 2
    lake.write_all(bronze=lambda rows: dropped(RECENT)(rows[young - 5 :]), silver=lambda rows: dropped(RECENT)(rows[young - 5 :]))
    lake.acknowledge(*range(young - 5, DAYS))
    assert [each.ids for each in lake.differences(since=noon(young - 5).date())] == [(f"missing e{RECENT}",)]


def land(lake: Lake, day: int) -> None:
    lake.write(BRONZE, [like(day) | {"landed_date": datetime.now(UTC).date()}])


def test_a_record_that_is_on_its_way_is_awaited(lake: Lake) -> None:
    on_its_way = 19
    lake.write_all(bronze=dropped(on_its_way), silver=dropped(on_its_way))
    lake.acknowledge(*range(11, DAYS))
    assert [each.ids for each in lake.differences()] == [("missing e19",)], "nothing is awaited"
    arrival = threading.Timer(0.3, land, (lake, on_its_way))
    arrival.start()
    found = reconcile(str(lake.lake), lake.ledger, since=SINCE, landing_within=timedelta(minutes=1))
    arrival.join()
    assert found.differences == ()


def test_a_record_that_never_lands_is_missing_however_long_one_waits(lake: Lake) -> None:
    lost, landed = 18, 19
    lake.write_all(bronze=lambda rows: rows[:lost], silver=lambda rows: rows[:lost])
    lake.acknowledge(*range(11, DAYS))
    assert [each.ids for each in lake.differences()] == [("missing e18", "missing e19")]
    land(lake, landed)
    found = reconcile(str(lake.lake), lake.ledger, since=SINCE, landing_within=timedelta(seconds=0.5))
    assert [each.ids for each in found.differences] == [(f"missing e{lost}",)]


def test_since__a_record_nobody_sent_within_the_days(lake: Lake) -> None:
    """Days 10 and 16 are in no segment that is read; one that was closed before may have told of 10."""
    lake.write_all()
    lake.acknowledge(*(day for day in range(11, DAYS) if day != 16))
    assert [each.ids for each in lake.differences()] == [("unexpected e16",)]


def test_since__hours_built_from_newer_bronze_than_the_cursor_are_left_to_the_next_look(lake: Lake) -> None:
    """A build that has published but not recorded, or a backfill: silver is ahead of the cursor there, and only there."""
    lake.write_all(bronze=dropped(RECENT), silver=lambda rows: dropped(16)(rows))
    lake.write(BRONZE, [like(RECENT)])
    assert [each.ids for each in lake.differences()] == [(f"unexpected e{RECENT}",), ("missing e16",)]
    published = {"table_name": SILVER, "partition_key": f"{noon(RECENT):%Y-%m-%dT%H}", "bronze_version": 1}
    same_version = {"table_name": SILVER, "partition_key": f"{noon(16):%Y-%m-%dT%H}", "bronze_version": 0}
    lake.write("ops.publish_log", [published, same_version])
    assert [each.ids for each in lake.differences()] == [("missing e16",)]


def test_nightly__sound_books_are_recorded(lake: Lake) -> None:
    lake.write_all()
    assert read_books(str(lake.lake)) == {}, "nothing before the first time"
    compared = (FIRST + timedelta(days=DAYS) - SINCE).days
    assert reconcile_open_days(str(lake.lake), lake.ledger, late_horizon_days=7, now=NOW) == {"events": compared, "minutes": compared}
    record = read_reconcile_record(str(lake.lake))
    assert record is not None
    assert record.since == SINCE.isoformat()
    assert read_books(str(lake.lake)) == {
        m.RECONCILE_FINISHED: {(): NOW.timestamp()},
        m.RECONCILE_EVENTS: {(): compared},
        m.DIFFERING_MINUTES: {},
    }


def test_nightly__a_difference_fails_by_name_and_stays_a_metric_until_it_is_mended(lake: Lake) -> None:
    lake.write_all(silver=lambda rows: dropped(OLD)(dropped(RECENT)(rows)))
    with pytest.raises(BooksError, match=rf"1 minutes differ: {SILVER} {noon(RECENT):%Y-%m-%dT%H:%MZ} \(missing e{RECENT}\)\. Rebuild"):
        reconcile_open_days(str(lake.lake), lake.ledger, late_horizon_days=7, now=NOW)
    assert read_books(str(lake.lake))[m.DIFFERING_MINUTES] == {(SILVER,): 1}
    lake.write(SILVER, [like(RECENT)])
    reconcile_open_days(str(lake.lake), lake.ledger, late_horizon_days=7, now=NOW)
    assert read_books(str(lake.lake))[m.DIFFERING_MINUTES] == {}


def test_nightly__many_differences_are_counted_and_some_named(lake: Lake) -> None:
    lake.write_all(silver=lambda _rows: [])
    with pytest.raises(BooksError, match=r"^11 minutes differ: .* and 1 more\. Rebuild"):
        reconcile_open_days(str(lake.lake), lake.ledger, late_horizon_days=9, now=NOW)


@pytest.fixture
def configured(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(lake.root))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("configured")
def test_command__since_a_day(lake: Lake) -> None:
    lake.write_all(silver=lambda rows: dropped(OLD)(dropped(RECENT)(rows)))
    done = CliRunner().invoke(app, ["reconcile", "--since", SINCE.isoformat(), "--json"])
    assert [each["ids"] for each in json.loads(done.stdout)["differences"]] == [[f"missing e{RECENT}"]]
    assert CliRunner().invoke(app, ["reconcile", "--since", "2026-01-17"]).stdout.startswith("4 events of 4 minutes since 2026-01-17")


@pytest.mark.usefixtures("configured")
def test_command__looks_at_the_days_that_may_still_change_unless_told(lake: Lake) -> None:
    lake.write_all(silver=dropped(RECENT))  # of a day long gone by the clock
    assert CliRunner().invoke(app, ["reconcile"]).exit_code == 0
    assert CliRunner().invoke(app, ["reconcile", "--all"]).exit_code == 1
    both = CliRunner().invoke(app, ["reconcile", "--all", "--since", "2026-01-17"])
    assert both.exit_code == 1
    assert "contradict" in str(both.exception)
