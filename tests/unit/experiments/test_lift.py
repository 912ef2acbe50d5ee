"""Lift and its certainty: worked by hand, held against scipy's own test, and flagged as often as promised where there is no effect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

from playhead.experiments.lift import Lift, Sums, compare, split_p_value

EXPERIMENTS = 2_000
Numbers = Any  # one number for each viewer


def sums(top: Numbers, bottom: Numbers | None = None) -> Sums:
    """What gold holds of these viewers; without a denominator, each is 1."""
    t = [int(value) for value in top]
    b = [1] * len(t) if bottom is None else [int(value) for value in bottom]
    pairs = list(zip(t, b, strict=True))
    return Sums(len(t), sum(t), sum(b), sum(x * x for x in t), sum(y * y for y in b), sum(x * y for x, y in pairs))


def test_lift__worked_by_hand() -> None:
    found = compare(sums([2, 4, 6]), sums([4, 6, 8]), alpha=0.05)

    # 6 against 4; each variance of the mean is 4 / 3, of the difference 8 / 3: t = 2 / 1.633 = 1.2247 with 4 degrees of freedom
    assert found.lift == pytest.approx(0.5)
    assert found.p_value == pytest.approx(0.28786, abs=1e-5)


def test_lift__per_viewer_it_is_welchs_test() -> None:
    random = np.random.default_rng(1)
    control, treatment = random.gamma(2, 30, 300).astype(int), random.gamma(2, 33, 200).astype(int)

    found = compare(sums(control), sums(treatment), alpha=0.05)

    assert found.p_value == pytest.approx(stats.ttest_ind(treatment, control, equal_var=False).pvalue, rel=1e-9)
    assert found.lift == pytest.approx(treatment.mean() / control.mean() - 1)


def test_lift__an_unchanging_denominator_changes_nothing() -> None:
    control, treatment = [2, 4, 6], [4, 6, 9]
    alone = compare(sums(control), sums(treatment), alpha=0.05)
    fives = compare(sums(control, [5, 5, 5]), sums(treatment, [5, 5, 5]), alpha=0.05)

    assert (fives.lift, fives.low, fives.high, fives.p_value) == pytest.approx((alone.lift, alone.low, alone.high, alone.p_value))


def test_variance__large_sums_lose_nothing() -> None:
    """A month in ms for everyone but one: in floating point the squares cancel to noise."""
    month = 30 * 86_400_000
    group = sums([month] * 9 + [month + 10])

    # mean of squares about the mean: (9 x 1 + 81) / 9 = 10, a tenth of it for ten viewers
    assert group.variance() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("control", "treatment", "told"),
    [
        pytest.param([0, 0], [1, 2], Lift(), id="nothing to compare with"),
        pytest.param([], [1, 2], Lift(), id="nobody"),
        pytest.param([2, 2], [3, 3], Lift(0.5), id="no variance"),
        pytest.param([2], [3, 4], Lift(0.75), id="one viewer"),
    ],
)
def test_lift__what_cannot_be_told_is_none(control: list[int], treatment: list[int], told: Lift) -> None:
    assert compare(sums(control), sums(treatment), alpha=0.05) == told


def test_lift__a_control_that_may_be_nothing_bounds_no_lift() -> None:
    found = compare(sums([0, 0, 0, 1]), sums([5, 6, 7, 8]), alpha=0.05)

    assert (found.low, found.high) == (None, None)
    assert found.p_value is not None
    assert found.p_value < 0.05


def viewers(random: np.random.Generator, count: int, effect: float = 1.0) -> tuple[Numbers, Numbers]:
    """Plays that fail of viewers who play more or less, some of them behind a bad network: plays of one viewer are alike."""
    plays = random.poisson(random.gamma(2, 10, count)) + 1
    failures = random.binomial(plays, np.minimum(random.beta(0.5, 10, count) * effect, 1))
    return failures, plays


def test_a_a__is_flagged_as_often_as_promised() -> None:
    random = np.random.default_rng(2)
    found = [compare(sums(*viewers(random, 300)), sums(*viewers(random, 300)), alpha=0.05) for _ in range(EXPERIMENTS)]

    flagged = sum(each.p_value is not None and each.p_value < 0.05 for each in found)
    outside = sum(each.low is not None and each.high is not None and not each.low <= 0 <= each.high for each in found)

    # 0.05 x 2000 = 100, with a standard deviation of sqrt(2000 x 0.05 x 0.95) = 9.7: three of them either way
    assert 71 <= flagged <= 129
    assert outside == flagged, "the interval and the p-value say the same"


def test_a_a__with_the_play_as_the_unit_it_would_be_flagged_far_more_often() -> None:
    """Negative control: why sums of squares are over viewers."""
    random = np.random.default_rng(3)
    flagged = 0
    for _ in range(200):
        each = [viewers(random, 300) for _ in range(2)]
        table = [[int(failures.sum()), int(plays.sum() - failures.sum())] for failures, plays in each]
        flagged += stats.chi2_contingency(table, correction=False).pvalue < 0.05
    assert flagged > 30  # 10 were promised


def test_planted_effect__is_found_and_its_interval_holds_the_truth() -> None:
    random = np.random.default_rng(4)
    found = [compare(sums(*viewers(random, 2_000)), sums(*viewers(random, 2_000, effect=1.5)), alpha=0.05) for _ in range(200)]

    assert sum(each.p_value is not None and each.p_value < 0.05 for each in found) >= 190
    # half as much again fails; of 95 % intervals 190 of 200 hold that, give or take three times 3.1
    assert 180 <= sum(each.low is not None and each.high is not None and each.low <= 0.5 <= each.high for each in found) <= 199


DAYS = 30


def looks(random: np.random.Generator, effect: float = 1.0) -> list[Sums]:
    """A group at the end of each day: viewers go on coming, and each watches more or less of every day from then on."""
    arrived = random.integers(0, DAYS, 300)
    minutes = random.poisson(random.gamma(2, 10, (300, 1)) * effect, (300, DAYS)) * (np.arange(DAYS) >= arrived[:, None])
    watched = minutes.cumsum(axis=1)
    return [
        Sums(n := int((arrived <= day).sum()), int((w := watched[:, day]).sum()), n, int((w * w).sum()), n, int(w.sum()))
        for day in range(DAYS)
    ]


def ever_flagged(random: np.random.Generator, planned_viewers: int | None, effect: float = 1.0) -> bool:
    """Whether somebody who looks every day and stops at the first good p-value finds one."""
    pairs = zip(looks(random), looks(random, effect), strict=True)
    found = (compare(control, treatment, alpha=0.05, planned_viewers=planned_viewers).p_value for control, treatment in pairs)
    return any(p_value is not None and p_value < 0.05 for p_value in found)


@pytest.mark.parametrize("planned_viewers", [100, 600, 5_000])
def test_a_a__looked_at_every_day_is_flagged_no_more_often_than_promised(planned_viewers: int) -> None:
    """Whatever was planned: it costs certainty, not truth."""
    random = np.random.default_rng(6)
    flagged = sum(ever_flagged(random, planned_viewers) for _ in range(400))

    # 0.05 x 400 = 20 at most, with a standard deviation of 4.4: three of them above
    assert flagged <= 33


def test_a_a__looked_at_every_day_without_it_is_flagged_far_more_often() -> None:
    """Negative control: why there is a sequential test."""
    random = np.random.default_rng(6)
    assert sum(ever_flagged(random, None) for _ in range(400)) > 60  # 20 were promised


def test_planted_effect__is_found_by_who_looks_every_day() -> None:
    random = np.random.default_rng(7)
    assert sum(ever_flagged(random, 600, effect=1.5) for _ in range(100)) >= 95


def test_sequential__worked_by_hand() -> None:
    """Viewers of 0 or 2: every second is a 2, against 51 of 100. z = (1.02 - 1) / sqrt((1 + 0.9996) / 100000) = 4.4726."""
    n = 100_000
    control, treatment = Sums(n, n, n, 2 * n, n, n), Sums(n, n + n // 50, n, 2 * n + n // 25, n, n + n // 50)
    found = compare(control, treatment, alpha=0.05, planned_viewers=2 * n)

    # where (1 + m) - ln(1 + m) = 1 - 2 ln 0.05 = 6.991, m is 8.21; sqrt(9.21) x exp(-4.4726^2 / 2 x 8.21 / 9.21) = 0.000407
    assert found.p_value == pytest.approx(0.000407, rel=0.01)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_sequential__is_narrowest_where_it_was_planned_and_says_one_thing(alpha: float) -> None:
    random = np.random.default_rng(8)
    control, treatment = sums(random.gamma(2, 3000, 500)), sums(random.gamma(2, 3200, 500))

    def width(planned: float) -> float:
        found = compare(control, treatment, alpha=alpha, planned_viewers=round(planned))
        assert found.low is not None
        assert found.high is not None
        assert found.p_value is not None
        assert (found.p_value < alpha) == (not found.low <= 0 <= found.high)
        return found.high - found.low

    assert optimize.minimize_scalar(width, bounds=(100, 10_000), method="bounded").x == pytest.approx(1_000, rel=0.05)
    alone = compare(control, treatment, alpha=alpha)
    assert alone.low is not None
    assert alone.high is not None
    assert width(1_000) > 1.3 * (alone.high - alone.low)


def test_sequential__the_interval_and_the_p_value_say_the_same() -> None:
    random = np.random.default_rng(9)
    for effect in np.linspace(1, 1.5, 200):
        control, treatment = sums(random.gamma(2, 30, 300)), sums(random.gamma(2, 30 * effect, 300))
        found = compare(control, treatment, alpha=0.05, planned_viewers=900)
        assert found.low is not None
        assert found.high is not None
        assert found.p_value is not None
        assert (found.p_value < 0.05) == (not found.low <= 0 <= found.high)


def test_split__is_flagged_as_often_as_promised_and_an_uneven_one_always() -> None:
    random = np.random.default_rng(5)
    even = {"control": 1.0, "treatment": 1.0}

    def chance(share: float) -> float:
        control = int(random.binomial(20_000, share))
        found = split_p_value({"control": control, "treatment": 20_000 - control}, even)
        assert found is not None
        return found

    assert 71 <= sum(chance(0.5) < 0.05 for _ in range(EXPERIMENTS)) <= 129
    assert all(chance(0.47) < 0.001 for _ in range(20))


def test_split__by_the_shares_that_were_drawn() -> None:
    viewers = {"control": 900, "treatment": 100}

    assert split_p_value(viewers, {"control": 9, "treatment": 1}) == pytest.approx(1.0)
    even = split_p_value(viewers, {"control": 1, "treatment": 1})
    assert even is not None
    assert even < 1e-9
    # 3 groups, (10^2 + 0 + 10^2) / 100 = 2 with 2 degrees of freedom: exp(-1)
    three = split_p_value({"a": 110, "b": 100, "c": 90}, dict.fromkeys("abc", 1.0))
    assert three == pytest.approx(0.367879, abs=1e-6)
    assert split_p_value({"a": 5}, {"a": 1}) is None
    assert split_p_value({"a": 0, "b": 0}, {"a": 1, "b": 1}) is None
