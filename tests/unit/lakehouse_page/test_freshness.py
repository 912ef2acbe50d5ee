"""Freshness on the page is what the owners are mailed of: one judgement, not two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playhead.deadlines.evidence import Covering, Evidence
from playhead.deadlines.promises import promises
from playhead.jobs.told import Told
from playhead.lakehouse_page.freshness import Freshness, freshness

PLAYBACKS = promises()["silver.playbacks"]
HOUR, END = "2026-03-01T05", datetime(2026, 3, 1, 6, tzinfo=UTC)
DUE = END + timedelta(hours=1, minutes=90)  # of the hour after it
MINUTE = timedelta(minutes=1)


def fresh_at(now: datetime, told: dict[str, Told], *done: datetime) -> Freshness:
    evidence = Evidence(END - timedelta(hours=1), {PLAYBACKS.table: [Covering(at, at) for at in done]})
    return freshness(PLAYBACKS, told, evidence, now=now)


def test_a_table_is_late_once_the_next_interval_is_overdue() -> None:
    told = {HOUR: Told(END + MINUTE), "2026-03-01T06": Told(END + 30 * MINUTE)}  # hour 6 was published before it was over
    fresh, late = (fresh_at(now, told, END + MINUTE) for now in (DUE - MINUTE, DUE))
    assert (fresh.state, fresh.newest, fresh.published_at, fresh.next_due) == ("fresh", HOUR, END + MINUTE, DUE)
    assert (late.state, [miss.key for miss in late.overdue]) == ("late", ["2026-03-01T06"])


def test_a_quiet_table_that_builds_look_after_is_fresh() -> None:
    now = END + timedelta(hours=9)
    quiet = fresh_at(now, {HOUR: Told(END + MINUTE)}, now)
    assert (quiet.state, quiet.newest) == ("fresh", HOUR)


def test_a_table_without_a_partition_is_empty_and_due_at_no_time() -> None:
    found = freshness(PLAYBACKS, {}, Evidence(None), now=DUE)
    assert (found.state, found.next_due, found.overdue) == ("empty", None, [])
