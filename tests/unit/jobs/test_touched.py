"""Which gold partitions are stale: make's question, asked of the publish log. No engine runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from playhead.jobs.plan import Plan
from playhead.jobs.publish import superseded_by
from playhead.jobs.published import Published, PublishedPartition
from playhead.jobs.registry import BUILDS, DAILY_GOLD, PHASES, tables_of
from playhead.jobs.stage import Manifest
from playhead.jobs.touched import stale_partitions, start_hours

NO_ENGINE: Any = None
HOUR, NEXT_HOUR = "2026-01-31T05", "2026-01-31T06"
PUBLISHED_AT = datetime(2026, 2, 1, tzinfo=UTC)


def partition(version: int, *, rows: int = 1, bronze: int = 0, **inputs: int) -> PublishedPartition:
    """A published partition; inputs by table name with __ for the dot."""
    return PublishedPartition(version, bronze, {name.replace("__", "."): v for name, v in inputs.items()}, rows, "", PUBLISHED_AT)


def stale(table: str, **tables: dict[str, PublishedPartition]) -> list[str]:
    return stale_partitions(BUILDS[table], Published({name.replace("__", "."): of for name, of in tables.items()}))


def test_stale__only_the_hour_whose_plays_are_newer() -> None:
    plays = {HOUR: partition(4), NEXT_HOUR: partition(7)}
    qoe = {HOUR: partition(1, silver__playbacks=5), NEXT_HOUR: partition(1, silver__playbacks=5)}

    assert stale("gold.qoe_hourly", silver__playbacks=plays, gold__qoe_hourly=qoe) == [NEXT_HOUR]


def test_stale__never_built_is_stale_and_up_to_date_is_not() -> None:
    plays = {HOUR: partition(4)}

    assert stale("gold.qoe_hourly", silver__playbacks=plays) == [HOUR]
    assert stale("gold.qoe_hourly", silver__playbacks=plays, gold__qoe_hourly={HOUR: partition(1, silver__playbacks=4)}) == []


def test_stale__any_input_makes_a_day_stale() -> None:
    made = {"2026-01-31": partition(1, silver__playbacks=4, silver__interactions=2, silver__ad_events=9)}
    ads = {HOUR: partition(9), NEXT_HOUR: partition(10)}

    assert stale("gold.content_daily", silver__playbacks={HOUR: partition(4)}, silver__ad_events=ads, gold__content_daily=made) == [
        "2026-01-31"
    ]


def test_stale__a_day_of_viewers_reaches_29_days_on_but_not_past_the_newest() -> None:
    users = {"2026-01-01": partition(9), "2026-01-31": partition(3), "2026-02-10": partition(3), "2026-02-20": partition(9, rows=0)}
    days = [f"2026-01-{day:02d}" for day in range(1, 32)] + [f"2026-02-{day:02d}" for day in range(1, 11)]
    audience = {day: partition(1, gold__user_daily=3) for day in days}

    # 1 January changed: it is in the 30-day windows of 1 to 30 January. The newest day with rows is 10 February.
    assert stale("gold.audience_daily", gold__user_daily=users, gold__audience_daily=audience) == days[:30]


def test_stale__an_hour_of_visits_reaches_the_29_days_after_its_day() -> None:
    days = [f"2026-01-{day:02d}" for day in range(1, 32)]
    users = {day: partition(3) for day in days}
    visits = {f"{day}T{hour}": partition(4) for day in days for hour in ("09", "21")} | {"2026-01-01T21": partition(9)}
    made = {day: partition(1, gold__user_daily=3, silver__sessions=4) for day in days}

    found = stale("gold.experiments_daily", gold__user_daily=users, silver__sessions=visits, gold__experiments_daily=made)
    assert found == days[:30]
    assert stale("gold.experiments_daily", silver__sessions={"2026-01-01T21": partition(9), "2026-01-02T03": partition(9)}) == days[:2]


def test_stale__a_day_of_subscriptions_reaches_every_day_after_it() -> None:
    days = [f"2026-01-{day:02d}" for day in range(1, 32)] + [f"2026-02-{day:02d}" for day in range(1, 29)]
    users = {day: partition(3) for day in days} | {"2026-01-05": partition(9), "2026-03-20": partition(9, rows=0)}
    made = {day: partition(1, gold__user_daily=3) for day in days}

    # Further than the 30 days of an audience, and not past the newest day with rows.
    assert stale("gold.subscriptions_daily", gold__user_daily=users, gold__subscriptions_daily=made) == days[4:]


def test_start_hours__a_few_published_hours_around_many_are_all_built_again() -> None:
    """No engine is asked which of them hold plays of the run's hours: that would cost more than building them."""
    hours = tuple(f"2026-01-{day:02d}T{hour:02d}" for day in (30, 31) for hour in range(24))
    plan = Plan("run", "run", "dag", "pull", 5, 2, hours, (), DAILY_GOLD, None)
    around = {"2026-01-29T23": partition(1), "2026-02-01T00": partition(1, rows=0), "2026-02-01T01": partition(1)}
    published = Published({"silver.video_events": around | {"2026-01-20T00": partition(1)}})

    found = start_hours(NO_ENGINE, "lake", plan, BUILDS["silver.playbacks"], published)

    assert found == ["2026-01-29T23", *hours, "2026-02-01T01"], "hours without rows and hours beyond a play's reach stay as they are"


def test_superseded__by_newer_bronze_or_any_newer_input() -> None:
    plan = Plan("run", "run", "dag", "pull", 5, 2, (HOUR,), (), DAILY_GOLD, None)
    manifest = Manifest("silver.video_events", (HOUR,), {"bronze.events": 5, "ops.id_conflicts": 2}, "")

    assert superseded_by(partition(1, bronze=6), plan, manifest)
    assert superseded_by(partition(1, bronze=5, ops__id_conflicts=3), plan, manifest)
    assert not superseded_by(partition(1, bronze=5, ops__id_conflicts=2), plan, manifest)


def test_phases__inputs_are_published_by_an_earlier_phase() -> None:
    for build in BUILDS.values():
        for table in build.inputs:
            if table in BUILDS:
                assert PHASES.index(BUILDS[table].phase) < PHASES.index(build.phase), (build.name, table)


def test_phases__hourly_gold_leaves_out_the_rest() -> None:
    assert [build.name for build in tables_of("gold", ("gold.qoe_hourly",))] == ["gold.qoe_hourly"]
    assert tables_of("audience", ("gold.qoe_hourly",)) == []
    assert len(tables_of("silver_events", ("gold.qoe_hourly",))) == 4
