"""What the logs tell of a partition becomes its state, a day's worst state its cell, and what is broken a backfill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from playhead.jobs.told import Told
from playhead.lakehouse_page.partitions import Promise, State, cells, promise, state_of
from playhead.lakehouse_page.repairs import DAILY, HOURLY, Repair, repair_of

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 3, 12, 30, tzinfo=UTC)
HOUR, DAY = "2026-03-01T05", "2026-03-01"
END = datetime(2026, 3, 1, 6, tzinfo=UTC)
PROMISE = Promise("silver.video_events", "event_hour", timedelta(minutes=90), timedelta(minutes=90))
DAILY_PROMISE = Promise("gold.user_daily", "event_date", timedelta(hours=6), timedelta(hours=25))
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("told", "now", "expected"),
    [
        (Told(END + MINUTE), NOW, "complete"),
        (Told(END + MINUTE, is_refused=True), NOW, "failed_gate"),
        (Told(is_refused=True), NOW, "failed_gate"),
        (Told(), NOW, "missing"),
        (Told(END - MINUTE), NOW, "partial"),
        (Told(), END + 89 * MINUTE, "pending"),
        (Told(END - MINUTE), END + 89 * MINUTE, "pending"),
        (Told(), END + 90 * MINUTE, "missing"),
        (Told(END + 95 * MINUTE, changed_at=END + 90 * MINUTE), NOW, "complete"),
        (Told(END + 95 * MINUTE, changed_at=END + 91 * MINUTE), NOW, "late_corrected"),
    ],
)
def test_state_of__each_state_at_its_border(told: Told, now: datetime, expected: State) -> None:
    assert state_of(HOUR, told, PROMISE, now=now) == expected


@pytest.mark.parametrize(
    ("told", "waiting", "not_waiting"),
    [
        (Told(), "pending", "missing"),
        (Told(END - MINUTE), "pending", "partial"),
        (Told(END + MINUTE), "complete", "complete"),
        (Told(is_refused=True), "failed_gate", "failed_gate"),
    ],
)
def test_state_of__what_has_landed_and_waits_is_pending_however_late_it_is(told: Told, waiting: State, not_waiting: State) -> None:
    assert state_of(HOUR, told, PROMISE, now=NOW, is_landed=True) == waiting
    assert state_of(HOUR, told, PROMISE, now=NOW) == not_waiting


def test_promise__what_is_made_from_plays_is_settled_after_their_longest_and_an_hour() -> None:
    assert promise("silver.video_events").settled_after == timedelta(minutes=90)
    for table in ("silver.playbacks", "gold.qoe_hourly", "gold.audience_daily"):
        assert promise(table).settled_after == timedelta(hours=25), table
    assert promise("gold.ad_daily").settled_after == promise("gold.ad_daily").due_after


def test_cells__a_day_shows_the_worst_of_its_hours_and_counts_each_state() -> None:
    hours = {f"{DAY}T{hour:02d}": Told(END + timedelta(days=1)) for hour in range(24)}
    told = hours | {HOUR: Told(END + timedelta(days=1), END + timedelta(days=1)), f"{DAY}T07": Told(is_refused=True)}
    del told[f"{DAY}T09"]
    (cell,) = cells(PROMISE, told, [DAY], first="2026-02-01T00", now=NOW)

    assert cell.state == "failed_gate"
    assert cell.counts == {"failed_gate": 1, "missing": 1, "late_corrected": 1, "complete": 21}
    assert cell.broken == (f"{DAY}T07", f"{DAY}T09")


def test_cells__before_the_lake_and_after_now_nothing_is_expected() -> None:
    days = ["2026-02-28", "2026-03-01", "2026-03-03"]
    hourly = cells(PROMISE, {}, days, first=HOUR, now=NOW)
    # The first day from its hour 5 on; today up to the hour under way, of which hour 10 is due exactly now.
    assert [cell.counts for cell in hourly] == [{"none": 24}, {"missing": 19, "none": 5}, {"missing": 11, "pending": 2, "none": 11}]
    daily = cells(DAILY_PROMISE, {}, days, first=HOUR, now=NOW)
    assert [cell.state for cell in daily] == ["none", "missing", "pending"]
    assert [cell.state for cell in cells(PROMISE, {}, days, first=None, now=NOW)] == ["none"] * 3, "a lake that never published"


def test_cells__what_waits_for_the_next_build_is_pending_and_not_to_be_repaired() -> None:
    landed = {"2026-02-28T22", f"{DAY}T07"}
    before, day = cells(PROMISE, {}, ["2026-02-28", DAY], first=HOUR, now=NOW, landed=landed)
    assert before.counts == {"pending": 1, "none": 23}, "landed before the lake's first published hour"
    assert day.counts == {"missing": 18, "pending": 1, "none": 5}
    assert f"{DAY}T07" not in day.broken


@pytest.mark.parametrize(
    ("broken", "now", "expected"),
    [
        ([], NOW, None),
        ([HOUR], NOW, Repair(HOURLY, END - 60 * MINUTE, END - 60 * MINUTE, 1)),
        ([HOUR, f"{DAY}T07"], NOW, Repair(DAILY, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), 1)),
        ([HOUR, f"{DAY}T07"], END + timedelta(hours=9), Repair(HOURLY, END - 60 * MINUTE, END + 60 * MINUTE, 3)),
        ([DAY], NOW, Repair(DAILY, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), 1)),
        ([DAY], END, None),
    ],
)
def test_repair_of__an_hour_by_the_hour_and_several_by_their_day(broken: list[str], now: datetime, expected: Repair | None) -> None:
    assert repair_of(broken, now=now) == expected


def test_repairs_name_dags_that_there_are() -> None:
    for dag in (HOURLY, DAILY):
        assert f"def {dag}(" in (ROOT / "dags" / f"{dag}.py").read_text()
