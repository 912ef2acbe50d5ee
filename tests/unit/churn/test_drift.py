"""When a model no longer fits: other users, other outcomes, or age; and chance alone is none of them."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from playhead.churn.drift import Outcomes, decide_training, drifted_features, outcomes_of, stability_index
from playhead.churn.feature_list import FEATURE_NAMES
from playhead.churn.reference import FeatureBins, Reference, tenths

BORN = date(2026, 2, 1)
STALLS = "stall_ratio_14d"


def users(count: int, *, seed: int, stalls: float = 0.03) -> dict[str, np.ndarray]:
    """Values of each feature; a user in ten has watched nothing, so that no ratio of stalls is known."""
    rng = np.random.default_rng(seed)
    values = {name: rng.gamma(2.0, 3.0, count) for name in FEATURE_NAMES}
    values["tier_rank"] = rng.integers(1, 4, count).astype(float)
    values[STALLS] = np.where(rng.uniform(size=count) < 0.1, np.nan, rng.exponential(stalls, count))
    return values


def reference(count: int = 2000, *, seed: int = 1) -> Reference:
    """Whom a model was trained for on BORN."""
    bins = [tenths(name, values) for name, values in users(count, seed=seed).items()]
    return Reference(BORN, tuple(replace(each, counts=tuple(each.count(users(count, seed=seed)[each.name]))) for each in bins))


def found(of: Reference, count: int = 2000, *, seed: int = 2, stalls: float = 0.03) -> dict[str, list[int]]:
    """Users of a later day in the model's bins."""
    values = users(count, seed=seed, stalls=stalls)
    return {each.name: each.count(values[each.name]) for each in of.features}


def test_bins__a_value_on_an_edge_is_above_it_and_the_unknown_have_a_bin_of_their_own() -> None:
    bins = FeatureBins("active_days_7d", (1.0, 5.0))

    assert bins.count(np.array([0.0, 1.0, 4.9, 5.0, 7.0, math.nan])) == [1, 2, 2, 1]


def test_tenths__of_few_different_values_there_are_few_bins() -> None:
    assert tenths("tier_rank", np.array([1.0] * 50 + [2.0] * 30 + [3.0] * 20)).edges == (1.0, 2.0, 3.0)
    assert tenths("stall_ratio_7d", np.array([math.nan, math.nan])).edges == ()


def test_stability_index__worked_by_hand() -> None:
    # shares (100.5, 300.5) / 401 and (200.5, 200.5) / 401: (0.5 - 0.2506) x ln(0.5 / 0.2506) + (0.5 - 0.7494) x ln(0.5 / 0.7494)
    assert stability_index([100, 300], [200, 200]) == pytest.approx(0.2494 * 0.6907 + 0.2494 * 0.4046, abs=1e-3)
    assert stability_index([10, 30], [100, 300]) == pytest.approx(0, abs=1e-3)


def test_drift__the_feature_that_changed_is_named_and_no_other() -> None:
    learnt = reference()

    assert drifted_features(learnt, found(learnt)) == {}
    assert list(drifted_features(learnt, found(learnt, stalls=0.12))) == [STALLS]


def test_drift__that_a_feature_became_unknown_is_drift() -> None:
    learnt = reference()
    now = found(learnt)
    now[STALLS] = [0] * (len(now[STALLS]) - 1) + [2000]

    assert list(drifted_features(learnt, now)) == [STALLS]


def test_drift__few_users_are_never_another_population_by_chance_alone() -> None:
    learnt = reference(60)
    checks = [drifted_features(learnt, found(learnt, 60, seed=seed)) for seed in range(2, 102)]
    above = [s for s in range(2, 102) if any(stability_index(e.counts, found(learnt, 60, seed=s)[e.name]) > 0.25 for e in learnt.features)]

    assert len(above) > 50  # the usual bound alone would call for training every other day
    assert sum(map(bool, checks)) <= 2


@pytest.mark.parametrize(
    ("outcomes", "unlike"),
    [
        (Outcomes(1000, 300, 298.0, 180.0), False),
        (Outcomes(1000, 420, 300.0, 180.0), True),  # 12 of 100 more than expected, 9 standard deviations
        (Outcomes(1000, 180, 300.0, 180.0), True),  # fewer are as wrong as more
        (Outcomes(20, 9, 6.0, 4.0), False),  # 15 of 100 more, but of so few users that chance does it
        (Outcomes(1_000_000, 302_000, 300_000.0, 180_000.0), False),  # beyond chance, and of no weight
        (Outcomes(0, 0, 0.0, 0.0), False),
    ],
)
def test_outcomes__are_unlike_where_the_gap_is_wide_and_not_by_chance(outcomes: Outcomes, unlike: bool) -> None:
    assert outcomes.is_unlike is unlike


def test_outcomes__of_said_probabilities() -> None:
    told = outcomes_of(np.array([1.0, 0.0, 0.0]), np.array([0.5, 0.25, 0.25]))

    assert (told.users, told.churned, told.expected) == (3, 1, 1.0)
    assert told.variance == pytest.approx(0.25 + 2 * 0.1875)


@pytest.mark.parametrize(
    ("day", "stalls", "outcomes", "reason"),
    [
        (3, 0.03, Outcomes(1000, 300, 298.0, 180.0), "it fits: 3 days old"),
        (3, 0.03, None, "it fits"),  # no horizon is over yet
        (7, 0.03, None, "it is 7 days old"),
        (3, 0.12, None, r"its users are others .*stall_ratio_14d \d\.\d\d"),
        (3, 0.03, Outcomes(1000, 420, 300.0, 180.0), "it expects 300 of 1000 held-out users to leave, and 420 did"),
    ],
)
def test_training__is_due_for_a_reason(day: int, stalls: float, outcomes: Outcomes | None, reason: str) -> None:
    learnt = reference()
    need = decide_training(learnt, found(learnt, stalls=stalls), outcomes, as_of=date(2026, 2, 1 + day), most_days=7)

    assert need.is_due == (not reason.startswith("it fits"))
    assert re.search(reason, need.reason)
    assert bool(need.drifted) == (stalls > 0.03)


def test_reference__survives_its_file() -> None:
    assert Reference.from_json(reference().to_json()) == reference()
