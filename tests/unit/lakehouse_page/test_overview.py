"""The page's one answer, from synthetic logs: no engine runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_table import append_rows, least_value, query_log, table_path
from playhead.io.load_record import record_load
from playhead.io.partitions import days_between, hours_between
from playhead.io.reconcile_record import record_reconcile
from playhead.jobs.registry import BUILDS
from playhead.lakehouse_page.alerts import Firing
from playhead.lakehouse_page.overview import WINDOW_DAYS, Overview, read_overview
from playhead.lakehouse_page.partitions import Cell
from playhead.lakehouse_page.pending import read_pending
from playhead.observability.heartbeat import Heartbeat, heartbeat_path, write_heartbeat

NOW = datetime(2026, 3, 3, 12, 30, tzinfo=UTC)
TODAY = datetime(2026, 3, 3, tzinfo=UTC)
YEARS = 3
EVENTS, USERS = "silver.video_events", "gold.user_daily"
Tell = Callable[..., None]


def cell(page: Overview, table: str, day: str) -> Cell:
    (row,) = (row for row in page.partitions if row.table == table)
    return row.cells[page.days.index(day)]


def spoil(lake: str, log: str, before: str) -> tuple[int, int]:
    """Makes the files unreadable that hold only partitions before a day; returns how many are spoilt and how many sound."""
    files = pa.table(DeltaTable(table_path(lake, log)).get_add_actions(flatten=True)).to_pylist()
    old = [Path(table_path(lake, log), file["path"]) for file in files if file["max.partition_key"] < before]
    for path in old:
        path.write_bytes(os.urandom(path.stat().st_size))
    return len(old), len(files) - len(old)


def test_three_years_of_all_tables_cost_no_more_than_the_window(lake: str, tmp_path: Path, publish: Tell, judge: Tell) -> None:
    """A commit a month of three years: the files of months outside the window are not opened, for they hold no sense any more.

    What is left is no more than the window's months, and the answer is the one of a lake that never held more.
    """
    first, start = TODAY - timedelta(days=365 * YEARS), TODAY - timedelta(days=365 * YEARS)
    while start < TODAY:
        end = min(start + timedelta(days=30), TODAY)
        tell_all(publish, judge, start, end)
        start = end
    since = f"{TODAY - timedelta(days=WINDOW_DAYS - 1):%Y-%m-%d}"
    logs = ("ops.publish_log", "ops.quality_scores")
    rows = {log: sum(row["rows"] for row in query_log(lake, log, "SELECT count(*) AS rows FROM log")) for log in logs}
    spoilt = {log: spoil(lake, log, since) for log in logs}
    partitions_a_day = sum(24 if load_contract(table).partition == "event_hour" else 1 for table in BUILDS)
    assert set(rows.values()) == {(TODAY - first).days * partitions_a_day}
    assert all(old > 30 and sound <= 3 for old, sound in spoilt.values()), spoilt

    page = read_overview(lake, tmp_path, now=NOW)

    assert page.unread == {}
    assert page.days[0] == since
    assert cell(page, EVENTS, since).counts == {"complete": 24}
    assert {row.cells[-2].state for row in page.partitions} == {"complete"}
    assert sum(len(row.cells) for row in page.partitions) == WINDOW_DAYS * len(BUILDS)
    shutil.rmtree(lake)
    tell_all(publish, judge, TODAY - timedelta(days=WINDOW_DAYS), TODAY)
    assert read_overview(lake, tmp_path, now=NOW) == page


def tell_all(publish: Tell, judge: Tell, start: datetime, end: datetime) -> None:
    """Every partition of every table of whole days was published and judged after the last was over, in one commit a log."""
    keys = {
        table: hours_between(start, end)
        if load_contract(table).partition == "event_hour"
        else days_between(f"{start:%Y-%m-%d}", f"{end - timedelta(days=1):%Y-%m-%d}")
        for table in BUILDS
    }
    publish(keys, end)
    judge(keys, end)


def test_the_lake_s_age_comes_from_statistics_alone(lake: str, publish: Tell) -> None:
    assert least_value(lake, "ops.publish_log", "partition_key") is None
    publish({EVENTS: ["2026-03-01T05", "2026-02-01T03"]}, NOW)
    spoil(lake, "ops.publish_log", "9")
    assert least_value(lake, "ops.publish_log", "partition_key") == "2026-02-01T03"


def test_a_lake_older_than_the_window_misses_what_its_window_lacks(lake: str, tmp_path: Path, publish: Tell) -> None:
    publish({EVENTS: ["2025-01-01T00"]}, NOW)
    assert cell(read_overview(lake, tmp_path, now=NOW), USERS, "2026-02-01").state == "missing"


def test_a_young_lake_misses_nothing_from_before_it_began(lake: str, tmp_path: Path, publish: Tell) -> None:
    publish({EVENTS: ["2026-03-01T05"]}, NOW)
    publish({USERS: ["2026-03-01"]}, NOW)
    page = read_overview(lake, tmp_path, now=NOW)
    assert cell(page, EVENTS, "2026-03-01").counts == {"missing": 18, "complete": 1, "none": 5}
    assert [cell(page, USERS, day).state for day in ("2026-02-28", "2026-03-01")] == ["none", "complete"]


def test_hours_that_wait_for_the_next_build_are_pending_and_not_missing(
    lake: str, tmp_path: Path, publish: Tell, land: Tell, build: Tell
) -> None:
    """Hour 7 was left by the last build, hours 8 and 9 landed since; hour 10 was built and nothing came of it."""
    land(["2026-03-01T10"])
    publish({EVENTS: ["2026-03-01T05", "2026-03-01T06"]}, NOW)
    build(0, ["2026-03-01T07"], NOW)
    land(["2026-03-01T08", "2026-03-01T09"])
    page = read_overview(lake, tmp_path, now=NOW)

    day = cell(page, EVENTS, "2026-03-01")
    assert day.counts == {"missing": 14, "pending": 3, "complete": 2, "none": 5}
    assert {"2026-03-01T07", "2026-03-01T08", "2026-03-01T09"}.isdisjoint(day.broken)
    assert "2026-03-01T10" in day.broken
    assert cell(page, USERS, "2026-03-01").state == "pending", "a day whose hours wait"

    build(1, [], NOW + timedelta(minutes=1))
    built = read_overview(lake, tmp_path, now=NOW)
    assert cell(built, EVENTS, "2026-03-01").counts == {"missing": 17, "complete": 2, "none": 5}, "once built nothing waits any more"


def test_a_lake_that_has_landed_and_never_built_is_pending(lake: str, tmp_path: Path, land: Tell) -> None:
    land(["2026-03-01T10"])
    land(["2026-03-01T11"])
    assert cell(read_overview(lake, tmp_path, now=NOW), EVENTS, "2026-03-01").counts == {"pending": 2, "none": 22}


def test_of_bronze_only_the_newest_commits_are_asked(lake: str, land: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    for hour in ("2026-03-01T08", "2026-03-01T09", "2026-03-01T10"):
        land([hour])
    monkeypatch.setattr("playhead.lakehouse_page.pending.MOST_COMMITS", 2)
    assert read_pending(lake) == {"2026-03-01T09", "2026-03-01T10"}


def test_commits_that_do_not_tell_their_hours_leave_what_the_last_build_told(lake: str, land: Tell, build: Tell) -> None:
    land(["2026-03-01T08"])
    build(0, ["2026-03-01T07"], NOW)
    land(["2026-03-01T09"], tells=False)
    assert read_pending(lake) == {"2026-03-01T07"}


def test_a_whole_lake_s_page_asks_nothing_of_bronze(lake: str, tmp_path: Path, publish: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(_lake: str) -> frozenset[str]:
        raise AssertionError("bronze was asked")

    monkeypatch.setattr("playhead.lakehouse_page.overview.read_pending", asked)
    monkeypatch.setattr("playhead.lakehouse_page.overview.BUILDS", {EVENTS: BUILDS[EVENTS]})
    publish({EVENTS: ["2025-01-01T00", *hours_between(TODAY - timedelta(days=WINDOW_DAYS), NOW)]}, NOW)
    assert read_overview(lake, tmp_path, now=NOW).unread == {}

    assert set(read_overview(str(tmp_path / "empty"), tmp_path, now=NOW).unread) == {"pending"}, "a lake that never published asks"


def test_late_data_shows_only_where_it_changed_the_content(lake: str, tmp_path: Path, publish: Tell) -> None:
    early, late = TODAY - timedelta(hours=36), NOW
    publish({EVENTS: ["2026-03-01T05", "2026-03-01T06"]}, early)
    publish({EVENTS: ["2026-03-01T05"]}, late, content="b")
    publish({EVENTS: ["2026-03-01T06"]}, late)
    counts = cell(read_overview(lake, tmp_path, now=NOW), EVENTS, "2026-03-01").counts
    assert (counts["late_corrected"], counts["complete"]) == (1, 1)


def test_the_newest_judgement_counts(lake: str, tmp_path: Path, publish: Tell, judge: Tell) -> None:
    keys = ["2026-03-01T05", "2026-03-01T06"]
    publish({EVENTS: keys[:1]}, NOW)
    judge({EVENTS: keys}, TODAY, total=40.0, refused=True, docs="refused.html")
    judge({EVENTS: keys[:1]}, NOW, total=90.0, unusual=True, docs="unusual.html")
    page = read_overview(lake, tmp_path, now=NOW)

    counts = cell(page, EVENTS, "2026-03-01").counts
    assert (counts["failed_gate"], counts["complete"]) == (1, 1)
    (quality,) = page.quality
    assert (quality.newest, quality.total, quality.lowest, quality.lowest_of) == (keys[1], 40.0, 40.0, keys[1])
    assert (quality.unusual, quality.refused, quality.dimensions["validity"]) == (1, 1, 40.0)
    assert quality.docs_page == "refused.html", "of the newest partition, whose score is shown"


def test_small_records_are_told_and_their_absence_too(lake: str, tmp_path: Path) -> None:
    empty = read_overview(lake, tmp_path, now=NOW)
    assert (empty.stream, empty.books, empty.model, empty.unread) == (None, None, None, {})
    assert empty.loads is not None
    assert empty.loads.finished is None

    beat = Heartbeat((NOW - timedelta(seconds=7)).isoformat(), NOW.isoformat(), 3, 10, 500, 20.0, NOW.isoformat(), 70, 4, 2500)
    write_heartbeat(heartbeat_path(tmp_path), beat)
    record_reconcile(lake, at=1.0, since="2026-02-23", events=9, differing_minutes={EVENTS: 2})
    record_load(lake, "loaded", at=2.0, seconds=1.0, rows={USERS: 5})
    page = read_overview(lake, tmp_path, now=NOW)
    assert page.stream is not None
    assert (page.stream.age_s, page.stream.is_stale, page.stream.rows_per_s) == (7.0, False, 20.0)
    assert page.books is not None
    assert page.books.differing_minutes == {EVENTS: 2}
    assert page.loads is not None
    assert page.loads.rows == {USERS: 5}

    write_heartbeat(heartbeat_path(tmp_path), replace(beat, updated_at=(NOW - timedelta(seconds=91)).isoformat()))
    stale = read_overview(lake, tmp_path, now=NOW).stream
    assert stale is not None
    assert stale.is_stale


def alert(event: str, at: datetime, rule: str = "slow_start") -> dict[str, Any]:
    told = {"alert_id": f"{rule}/{event}", "rule_id": rule, "severity": "warning", "event_id": event, "event_type": "video_play"}
    measured = {"measure": "startup_ms", "value": 9000.0, "comparison": ">", "threshold": 5000.0, "session_id": "s"}
    return told | measured | {"playback_id": None, "user_id": None, "event_timestamp": at, "raised_at": at + timedelta(seconds=1)}


def test_alerts_fire_by_the_events_of_the_last_minutes_alone(lake: str, tmp_path: Path) -> None:
    """Files of older events are not opened: they hold no sense any more."""
    assert read_overview(lake, tmp_path, now=NOW).alerts == []
    append_rows(lake, "ops.alerts_log", [alert("old", NOW - timedelta(minutes=16))])
    for file in Path(table_path(lake, "ops.alerts_log")).glob("*.parquet"):
        file.write_bytes(os.urandom(file.stat().st_size))
    times = [NOW - timedelta(minutes=minutes) for minutes in (15, 3)]
    append_rows(lake, "ops.alerts_log", [alert(f"{at}", at) for at in times] + [alert("other", times[0], "no_start")])

    page = read_overview(lake, tmp_path, now=NOW)
    assert page.unread == {}
    assert page.alerts == [
        Firing("slow_start", "warning", 2, times[1] + timedelta(seconds=1)),
        Firing("no_start", "warning", 1, times[0] + timedelta(seconds=1)),
    ]
    (few,) = read_overview(lake, tmp_path, alert_minutes=5, now=NOW).alerts or []
    assert (few.events, page.alert_minutes) == (1, 15)


@pytest.mark.parametrize("spoilt", ["ops.publish_log", "ops.quality_scores"])
def test_what_cannot_be_read_is_named_and_the_rest_told(lake: str, tmp_path: Path, publish: Tell, judge: Tell, spoilt: str) -> None:
    publish({EVENTS: ["2026-03-01T05"]}, NOW)
    judge({EVENTS: ["2026-03-01T05"]}, NOW)
    spoil(lake, spoilt, "9")
    record_reconcile(lake, at=1.0, since="2026-02-23", events=9, differing_minutes={})
    page = read_overview(lake, tmp_path, now=NOW)
    assert set(page.unread) == {"partitions"}
    assert page.partitions == []
    assert page.books is not None


def test_the_model_is_the_one_that_scored_last(lake: str, tmp_path: Path, publish: Tell) -> None:
    contract = load_contract("gold.churn_scores")
    row = {"churn_probability": 0.1, "churn_risk_category": "Low", "days_since_last_active": 1, "horizon_days": 14, "top_reasons": ""}
    for day, version, users in ((1, "churn-1", 3), (2, "churn-2", 2)):
        told = [row | {"score_date": date(2026, 3, day), "user_id": f"u{user}", "model_version": version} for user in range(users)]
        append_rows(lake, contract.name, pa.Table.from_pylist(told, arrow_schema(contract)))
        publish({contract.name: [f"2026-03-0{day}"]}, NOW)
    model = read_overview(lake, tmp_path, now=NOW).model
    assert model is not None
    assert (model.version, model.score_date, model.users) == ("churn-2", "2026-03-02", 2)
