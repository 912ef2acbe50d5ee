"""What a backfill touches, from its range alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from playhead.backfills.scope import Scope, Touched, lies_within, open_scope, touched
from playhead.backfills.verify import changed, hashes, named
from playhead.errors import SettingsError
from playhead.jobs.published import Published, PublishedPartition

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, number, hour, tzinfo=UTC)


def daily(first: int, last: int) -> Scope:
    return open_scope("build_daily", day(first), day(last), now=NOW)


def published(**content: str) -> Published:
    """gold.user_daily with these days, each with a content hash."""
    found = {key.replace("_", "-"): PublishedPartition(1, 1, {}, 10, told, NOW) for key, told in content.items()}
    return Published({"gold.user_daily": {f"2026-03-{key.removeprefix('d')}": each for key, each in found.items()}})


def test_days_are_built_with_their_hours_and_all_gold() -> None:
    scope = daily(1, 3)
    assert (scope.runs, scope.end) == (3, day(4))
    assert scope.partitions["gold.user_daily"] == ["2026-03-01", "2026-03-02", "2026-03-03"]
    assert (scope.partitions["silver.playbacks"][0], len(scope.partitions["silver.playbacks"])) == ("2026-03-01T00", 72)
    assert len(scope.partitions["gold.qoe_hourly"]) == 72
    assert set(scope.gold) == {table for table in scope.partitions if table.startswith("gold.")}


def test_hours_are_built_without_the_days_gold() -> None:
    scope = open_scope("build_hourly", day(1, 5), day(1, 8), now=NOW)
    assert scope.runs == 4
    assert scope.partitions["gold.qoe_hourly"] == ["2026-03-01T05", "2026-03-01T06", "2026-03-01T07", "2026-03-01T08"]
    assert list(scope.gold) == ["gold.qoe_hourly"]


@pytest.mark.parametrize(
    ("dag", "first", "last", "told"),
    [
        ("retrain_churn", day(1), day(2), "cannot be backfilled; these can: build_hourly, build_daily"),
        ("build_daily", day(3), day(1), "exchange them"),
        ("build_daily", day(1, 5), day(2), "whole days"),
        ("build_daily", day(1), day(10), "is not over yet"),
        ("build_hourly", day(9, 23), day(10), "is not over yet"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused_with_the_next_step(dag: str, first: datetime, last: datetime, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        open_scope(dag, first, last, now=NOW)


def test_a_dry_run_tells_what_is_there() -> None:
    found = {each.table: each for each in touched(daily(1, 3), published(d01="a", d02="b", d09="c"))}
    assert found["gold.user_daily"] == Touched("gold.user_daily", 3, 2, 20)
    assert found["silver.playbacks"] == Touched("silver.playbacks", 72, 0, 0)


def test_what_has_other_content_than_before_is_named_and_what_is_new_is_not() -> None:
    scope = daily(1, 3)
    before, after = hashes(published(d01="a", d02="b"), scope), hashes(published(d01="a", d02="x", d03="c"), scope)
    assert changed(before, after) == ["gold.user_daily/2026-03-02"]
    assert changed(after, after) == []


def test_a_moment_is_the_backfills_from_its_first_hour_to_the_end_of_its_last() -> None:
    scope = daily(1, 3)
    assert [lies_within(scope, moment) for moment in (day(1), day(3, 23), day(4))] == [True, True, False]


def test_many_are_named_by_the_first_few() -> None:
    assert named(["a", "b"]) == "a, b"
    assert named(list("abcdefg")) == "a, b, c, d, e and 2 more"
