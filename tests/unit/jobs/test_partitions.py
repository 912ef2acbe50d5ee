"""Partition keys, ranges and predicates, by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from playhead.contracts.model import load_contract
from playhead.errors import BuildError
from playhead.io.partitions import (
    day_key,
    days_between,
    hour_key,
    hours_between,
    merge_ranges,
    partition_keys,
    predicate,
    table_predicate,
    whole_days,
    widen,
)


def test_keys__are_utc_whatever_the_zone() -> None:
    berlin = timezone(timedelta(hours=1))

    assert hour_key(datetime(2026, 2, 1, 0, 30, tzinfo=berlin)) == "2026-01-31T23"
    assert day_key(datetime(2026, 2, 1, 0, 30, tzinfo=berlin)) == "2026-01-31"
    assert hour_key(datetime(2026, 2, 1, 0, 30)) == "2026-02-01T00"  # noqa: DTZ001  (naive means UTC)
    assert day_key("2026-01-31T23") == day_key(date(2026, 1, 31)) == "2026-01-31"
    assert partition_keys(["2026-01-31T23", datetime(2026, 1, 31, 23, 5, tzinfo=UTC)], "event_hour") == ["2026-01-31T23"]


def test_hours_between__is_half_open_and_takes_whole_hours_only() -> None:
    start = datetime(2026, 1, 31, 22, tzinfo=UTC)

    assert hours_between(start, start + timedelta(hours=3)) == ["2026-01-31T22", "2026-01-31T23", "2026-02-01T00"]
    assert hours_between(start + timedelta(minutes=1), start + timedelta(minutes=150)) == ["2026-01-31T23"]
    assert hours_between(start, start) == hours_between(start, start - timedelta(hours=1)) == []


def test_merge_ranges__first_build_is_one_range() -> None:
    hours = hours_between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 5, tzinfo=UTC))

    assert len(hours) == 840
    assert merge_ranges(reversed(hours)) == [("2026-01-01T00", "2026-02-05T00")]
    assert merge_ranges(["2026-01-31", "2026-02-02", "2026-02-01", "2026-02-05"]) == [
        ("2026-01-31", "2026-02-03"),
        ("2026-02-05", "2026-02-06"),
    ]


def test_widen__adds_neighbours_across_midnight() -> None:
    assert widen(["2026-01-31T23"], before=1, after=2) == ["2026-01-31T22", "2026-01-31T23", "2026-02-01T00", "2026-02-01T01"]
    assert widen(["2026-02-01"], before=2, after=0) == days_between("2026-01-30", "2026-02-01")
    assert widen([], before=2, after=2) == []


def test_whole_days__a_day_needs_all_its_hours() -> None:
    day = hours_between(datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))

    assert whole_days([*day, "2026-02-01T00"]) == ["2026-01-31"]
    assert whole_days(day[1:]) == []


def test_predicate__names_day_and_hours() -> None:
    contract = load_contract("silver.playbacks")

    assert table_predicate(["2026-01-31T23", "2026-02-01T00"], contract) == (
        "(`event_date` >= DATE '2026-01-31' AND `event_date` <= DATE '2026-02-01' "
        "AND `event_hour` >= TIMESTAMP '2026-01-31 23:00:00Z' AND `event_hour` < TIMESTAMP '2026-02-01 01:00:00Z')"
    )
    assert table_predicate(["2026-01-31"], load_contract("gold.user_daily")) == (
        "(`event_date` >= DATE '2026-01-31' AND `event_date` < DATE '2026-02-01')"
    )
    assert predicate([], "event_hour") == "false"
    with pytest.raises(BuildError, match="append"):
        table_predicate(["2026-01-31"], load_contract("ops.build_log"))
