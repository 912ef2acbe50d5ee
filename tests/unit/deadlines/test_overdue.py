"""What is overdue, told by what was done and when: pure values, no lake."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from playhead.deadlines.evidence import REFUSED, Covering, Evidence
from playhead.deadlines.overdue import kept_at, missed, overdue
from playhead.deadlines.promises import Promise, promises, tables_kept_by

OWNER = "owner@playhead.example"
HOURLY = Promise("gold.qoe_hourly", "hour", timedelta(minutes=120), OWNER, ("build_hourly", "build_daily"))
DAILY = Promise("gold.user_daily", "day", timedelta(minutes=360), OWNER, ("build_daily",))
STREAM = Promise("bronze.events", "moment", timedelta(seconds=90), OWNER, ("stream_watch",))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}:00+00:00")


def evidence(promise: Promise, *done: tuple[str, str], begun: str = "01T00:00", held: dict[str, str] | None = None) -> Evidence:
    coverings = [Covering(at(seen), at(finished)) for seen, finished in done]
    return Evidence(at(begun), {promise.table: coverings}, {promise.table: held or {}})


def keys(promise: Promise, told: Evidence, now: str) -> list[str]:
    return [miss.key for miss in overdue(promise, told, now=at(now))]


def test_an_hour_is_overdue_when_no_build_has_begun_since_it_was_over() -> None:
    told = evidence(HOURLY, ("03T05:00", "03T05:02"))
    assert keys(HOURLY, told, "03T07:59") == []
    assert keys(HOURLY, told, "03T08:00") == ["2026-03-03T05"], "due two hours after it was over"
    assert keys(HOURLY, told, "03T09:30") == ["2026-03-03T05", "2026-03-03T06"]


def test_a_build_that_began_before_an_hour_was_over_does_not_cover_it() -> None:
    assert keys(HOURLY, evidence(HOURLY, ("03T05:59", "03T06:05")), "03T08:00") == ["2026-03-03T05"]
    assert keys(HOURLY, evidence(HOURLY, ("03T06:00", "03T06:05")), "03T08:00") == []


def test_a_quiet_hour_without_events_is_not_overdue() -> None:
    """Nothing is published of it, but a build has looked."""
    assert keys(HOURLY, evidence(HOURLY, ("03T11:00", "03T11:01")), "03T12:30") == []


def test_a_day_is_due_by_its_own_span() -> None:
    told = evidence(DAILY, ("02T00:00", "02T00:10"))
    assert keys(DAILY, told, "03T05:59") == []
    assert keys(DAILY, told, "03T06:00") == ["2026-03-02"]


def test_nothing_is_expected_of_what_was_over_before_the_lake_began() -> None:
    assert keys(HOURLY, evidence(HOURLY, begun="03T05:30"), "03T08:30") == ["2026-03-03T05"]
    assert overdue(HOURLY, Evidence(None), now=at("03T08:30")) == []


def test_nothing_older_than_35_days_is_told() -> None:
    told = overdue(DAILY, Evidence(at("01T00:00")), now=at("01T00:00") + timedelta(days=100, hours=7))
    assert len(told) == 35


def test_what_the_gate_refused_is_overdue_though_its_build_has_finished() -> None:
    told = evidence(HOURLY, ("03T07:00", "03T07:05"), held={"2026-03-03T05": REFUSED})
    (miss,) = overdue(HOURLY, told, now=at("03T08:30"))
    assert (miss.key, miss.why) == ("2026-03-03T05", REFUSED)


def test_it_says_what_is_known() -> None:
    (never,) = overdue(HOURLY, evidence(HOURLY, begun="03T05:30"), now=at("03T08:30"))
    assert never.why == "build_hourly or build_daily has never finished"
    (last,) = overdue(HOURLY, evidence(HOURLY, ("03T05:00", "03T05:02")), now=at("03T08:00"))
    assert last.why == "build_hourly or build_daily finished last at 2026-03-03 05:02 UTC, before it was over"


def test_an_interval_is_kept_when_the_first_build_that_covers_it_finishes() -> None:
    told = evidence(HOURLY, ("03T05:30", "03T05:35"), ("03T06:10", "03T08:40"), ("03T09:00", "03T09:05"))
    assert kept_at(HOURLY, told, "2026-03-03T05", HOURLY.due_at("2026-03-03T05")) == at("03T08:40")


@pytest.mark.parametrize(("now", "expected"), [("03T12:01", []), ("03T12:02", ["2026-03-03T12:00"])])
def test_the_streaming_app_is_overdue_by_its_silence(now: str, expected: list[str]) -> None:
    told = evidence(STREAM, ("03T12:00", "03T12:00"))
    assert keys(STREAM, told, now) == expected


def test_the_streaming_app_is_back_with_a_sign_of_life_after_it_was_due() -> None:
    due = at("03T12:00") + STREAM.due_after
    assert kept_at(STREAM, evidence(STREAM, ("03T12:01", "03T12:01")), "2026-03-03T12:00", due) is None
    assert kept_at(STREAM, evidence(STREAM, ("03T12:05", "03T12:05")), "2026-03-03T12:00", due) == at("03T12:05")


def test_of_what_airflow_asks_only_what_came_late_or_not_at_all_was_missed() -> None:
    asked = [(DAILY.table, "2026-03-02")]

    def told(*done: tuple[str, str], now: str = "03T07:00") -> list[str]:
        return [miss.why for miss in missed({DAILY.table: DAILY}, evidence(DAILY, *done), asked, now=at(now))]

    assert told(("03T01:00", "03T01:20")) == [], "a build that an asset woke had made it in time"
    assert told(("03T01:00", "03T06:20")) == ["it was there at 2026-03-03 06:20 UTC, too late"]
    assert len(told()) == 1
    assert told(now="03T05:00") == [], "not due yet"


def test_each_table_with_a_deadline_is_promised_by_its_contract() -> None:
    promised = promises()
    assert promised["gold.qoe_hourly"].due_after == timedelta(minutes=120)
    assert promised["silver.playbacks"].dags == ("build_hourly", "build_daily")
    assert promised["gold.user_daily"].dags == ("build_daily",)
    assert promised["gold.churn_scores"].dags == ("retrain_churn",)
    assert promised["gold.recommendations"].dags == ("recommend_titles",)
    assert promised["ops.load_log"].grain == "day"
    assert promises(0)["gold.user_daily"].due_after == timedelta(0)
    assert set(tables_kept_by("build_hourly")) == {name for name in promised if name.startswith("silver.")} | {"gold.qoe_hourly"}
    assert "gold.user_daily" in tables_kept_by("build_daily")
    assert "gold.qoe_hourly" not in tables_kept_by("build_daily")
