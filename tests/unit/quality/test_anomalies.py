"""What counts as unusual: half the volume does, the weekly wave and the chance of small numbers do not."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from playhead.events.simulator.days import build_world, viewed_days
from playhead.events.simulator.options import SimulationOptions
from playhead.quality.anomalies import LEAST_WEEKS, MOST_WEEKS, VOLUME, Comparison, Sample, compare_with_past_weeks

FIRST = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
WEEK = 7 * 24


def key(hour: int) -> str:
    return f"{FIRST + timedelta(hours=hour):%Y-%m-%dT%H}"


def expected_rows(hour: int) -> float:
    """A wave: twice as many on Saturday and Sunday, four times as many in the evening as at night."""
    day, of_day = divmod(hour, 24)
    return 1000.0 * (2 if day % 7 >= 5 else 1) * (4 if of_day >= 18 else 1)


def wave(weeks: int, seed: int = 1) -> dict[str, Sample]:
    """Hours of some weeks, with the chance that moves counts."""
    chance = np.random.default_rng(seed)
    return {key(hour): Sample(int(chance.poisson(expected_rows(hour))), {"startup_ms": 900 + hour % 7}) for hour in range(weeks * WEEK)}


def test_the_weekly_wave_is_not_unusual() -> None:
    hours = wave(weeks=6)
    compared = compare_with_past_weeks(hours, hours)

    assert Counter(found.weeks_count for found in compared.values()) == {0: 4 * WEEK, 4: WEEK, 5: WEEK}
    assert [at for at, found in compared.items() if found.anomalies] == []
    # ... though Saturday's volume would be, on a Friday
    friday, saturday = key(5 * WEEK + 4 * 24), key(5 * WEEK + 5 * 24)
    assert compare_with_past_weeks(hours, {friday: hours[saturday]})[friday].anomalies.keys() == {VOLUME}


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_half_and_double_the_volume_are_unusual(factor: float) -> None:
    hours = wave(weeks=5)
    now = key(4 * WEEK + 30)
    changed = Sample(round(hours[now].rows_count * factor), hours[now].means)

    found = compare_with_past_weeks(hours, {now: changed})[now]

    assert found.weeks_count == 4
    assert found.anomalies == {VOLUME: pytest.approx(factor, rel=0.1)}


def test_a_mean_that_drifts_is_unusual_and_named() -> None:
    hours = wave(weeks=5)
    now = key(4 * WEEK + 30)
    slow = Sample(hours[now].rows_count, {"startup_ms": 2 * hours[now].means["startup_ms"]})

    assert compare_with_past_weeks(hours, {now: slow})[now].anomalies == {"startup_ms": pytest.approx(2.0, rel=0.01)}


def test_a_change_that_nobody_would_act_on_is_not_unusual_however_steady_a_table_is() -> None:
    steady = {key(hour): Sample(1000) for hour in range(5 * WEEK)}
    now = key(4 * WEEK + 30)

    assert compare_with_past_weeks(steady, {now: Sample(810)})[now].anomalies == {}
    assert compare_with_past_weeks(steady, {now: Sample(790)})[now].anomalies == {VOLUME: 0.79}


def test_few_rows_may_halve_by_chance() -> None:
    """Of 9 rows, 4 are no news; of 900 as unsteady, 450 are."""
    for rows, unusual in ((9, False), (900, True)):
        chance = np.random.default_rng(3)
        hours = {key(hour): Sample(int(chance.poisson(rows))) for hour in range(5 * WEEK)}
        now = key(4 * WEEK + 30)
        assert bool(compare_with_past_weeks(hours, {now: Sample(rows // 2)})[now].anomalies) is unusual


def test_too_little_history_flags_nothing_and_says_so() -> None:
    hours = wave(weeks=4)
    now = key(4 * WEEK + 30)
    del hours[key(30)]

    assert compare_with_past_weeks(hours, {now: Sample(1)}) == {now: Comparison(weeks_count=0)}
    assert compare_with_past_weeks(wave(weeks=4), {now: Sample(1)})[now].anomalies.keys() == {VOLUME}
    assert LEAST_WEEKS == 4


def test_a_mean_that_too_few_weeks_have_and_one_that_was_nothing_are_not_compared() -> None:
    now = key(5 * WEEK)
    past = {key(week * WEEK): Sample(1000, {"stall_ms": 0.0} | ({"startup_ms": 900.0} if week >= 2 else {})) for week in range(5)}

    assert compare_with_past_weeks(past, {now: Sample(1000, {"stall_ms": 70.0, "startup_ms": 9000.0})}) == {now: Comparison(weeks_count=5)}
    past[key(WEEK)] = Sample(1000, {"startup_ms": 900.0})
    assert compare_with_past_weeks(past, {now: Sample(1000, {"startup_ms": 9000.0})})[now].anomalies == {"startup_ms": 10.0}


def test_one_unusual_week_among_those_before_does_not_hide_the_next() -> None:
    hours = wave(weeks=5)
    now = key(4 * WEEK + 30)
    hours[key(3 * WEEK + 30)] = Sample(10)

    assert compare_with_past_weeks(hours, {now: Sample(500)})[now].anomalies.keys() == {VOLUME}


def test_weeks_of_long_ago_do_not_count() -> None:
    hours = wave(weeks=6)
    now = key((MOST_WEEKS + 3) * WEEK + 30)  # its past weeks 4 to 8 are there in part: 3 to 5

    assert compare_with_past_weeks(hours, {now: Sample(1)})[now].weeks_count == 0


def test_where_no_two_weeks_in_a_row_are_known_any_change_may_be_usual() -> None:
    hours = {at: sample for weeks in (0, 2, 4, 6) for at, sample in [(key(weeks * WEEK), Sample(1000))]}
    now = key(8 * WEEK)

    assert compare_with_past_weeks(hours, {now: Sample(1)}) == {now: Comparison(weeks_count=4)}


def test_days_are_compared_with_the_same_day_of_the_week() -> None:
    days = {f"{date(2026, 1, 5) + timedelta(days=day)}": Sample(2000 if day % 7 >= 5 else 1000) for day in range(35)}

    found = compare_with_past_weeks(days, days | {"2026-02-05": Sample(500)})

    assert {day: compared.anomalies for day, compared in found.items() if compared.anomalies} == {"2026-02-05": {VOLUME: 0.5}}


def simulated_plays(seed: int) -> dict[str, Sample]:
    """Plays by hour of the demo's audience, with all that its days and weeks have."""
    world = build_world(SimulationOptions(seed=seed), date(2026, 11, 22))
    starts = np.concatenate([day.timeline.request_ms for day in viewed_days(world)])
    hours = Counter((starts[starts < world.until_ms] // 3_600_000).tolist())
    return {f"{datetime.fromtimestamp(hour * 3600, UTC):%Y-%m-%dT%H}": Sample(plays) for hour, plays in hours.items()}


def test_of_simulated_hours_hardly_any_is_unusual_and_most_that_are_halved_are() -> None:
    judged = false = found = 0
    for seed in range(1, 7):
        hours = simulated_plays(seed)
        compared = {at: each for at, each in compare_with_past_weeks(hours, hours).items() if each.weeks_count}
        halved = compare_with_past_weeks(hours, {at: Sample(hours[at].rows_count // 2) for at in compared})
        judged += len(compared)
        false += sum(1 for each in compared.values() if each.anomalies)
        found += sum(1 for each in halved.values() if each.anomalies)
    assert judged == 6 * WEEK
    assert false / judged < 0.005
    assert found / judged > 0.75
