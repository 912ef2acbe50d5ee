"""Whether the model in service still fits: its age, its users now and when it was trained, and what it says against what came.

The population stability index of a feature is sum((q - p) x ln(q / p)) over its bins, with p the shares of users when the model was
trained and q those of today. 0.25 is where practice since Lewis (An Introduction to Credit Scoring, 1994) calls a population another one.
Of few users it is above that by chance: without any drift it is about (1/n + 1/m) times a chi-squared variable with one degree of freedom
less than bins (Yurdakul and Naranjo, Statistical properties of the population stability index, 2020), so it has to be beyond what that
makes unlikely, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from playhead.churn.reference import Reference

LEAST_STABILITY_INDEX = 0.25
# Of a day's check of all features: one in about 400 finds drift where there is none.
_CHANCE = 1e-4
LEAST_MISCALIBRATION = 0.05
_LEAST_DEVIATIONS = 4.0


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a model said of users whose horizon is over, and what came: how many left, how many it expected, and the variance of that."""

    users: int
    churned: int
    expected: float
    variance: float

    @property
    def is_unlike(self) -> bool:
        """Whether the share that left is far from the expected one, and further than chance takes it."""
        off = abs(self.churned - self.expected)
        return self.users > 0 and off / self.users > LEAST_MISCALIBRATION and off > _LEAST_DEVIATIONS * math.sqrt(self.variance)


@dataclass(frozen=True, slots=True)
class Need:
    """Whether a model has to be trained, why, and the stability index of the features that drifted."""

    is_due: bool
    reason: str
    drifted: Mapping[str, float] = field(default_factory=dict)


def outcomes_of(labels: np.ndarray[Any, Any], probabilities: np.ndarray[Any, Any]) -> Outcomes:
    """What came against what was said."""
    variance = float((probabilities * (1 - probabilities)).sum())
    return Outcomes(len(labels), int(labels.sum()), float(probabilities.sum()), variance)


def stability_index(then: Sequence[int], now: Sequence[int]) -> float:
    """The population stability index of one feature. Half a user is added to every bin, so that an empty one has a logarithm."""
    import numpy as np

    p, q = (np.asarray(counts, dtype="float64") + 0.5 for counts in (then, now))
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def drifted_features(reference: Reference, found: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """The features in which the users of today are others, with their index; the furthest first."""
    indexes = {each.name: (each.counts, found[each.name]) for each in reference.features if each.name in found}
    drifted = {name: index for name, counts in indexes.items() if (index := stability_index(*counts)) > _critical_index(*counts)}
    return dict(sorted(drifted.items(), key=lambda item: -item[1]))


def _critical_index(then: Sequence[int], now: Sequence[int]) -> float:
    from scipy.stats import chi2

    n, m = sum(then), sum(now)
    bins = sum(1 for pair in zip(then, now, strict=True) if any(pair))
    if not n or not m or bins < 2:
        return math.inf
    return max(LEAST_STABILITY_INDEX, float(chi2.ppf(1 - _CHANCE, bins - 1)) * (1 / n + 1 / m))


def decide_training(
    reference: Reference, found: Mapping[str, Sequence[int]], outcomes: Outcomes | None, *, as_of: date, most_days: int
) -> Need:
    """Whether a model has to be trained beside the one in service.

    Args:
        reference: whom the model in service was trained for.
        found: of each feature, how many of the users to score today fall in each bin.
        outcomes: what the model says of the held-out users, and what came; None where no horizon is over.
        as_of: the day of today's scores.
        most_days: how old a model may get, whatever it is like.
    """
    drifted = drifted_features(reference, found)
    if drifted:
        told = ", ".join(f"{name} {index:.2f}" for name, index in drifted.items())
        return Need(True, f"its users are others than those it was trained for (population stability index {told})", drifted)
    if outcomes is not None and outcomes.is_unlike:
        told = f"it expects {outcomes.expected:.0f} of {outcomes.users} held-out users to leave, and {outcomes.churned} did"
        return Need(True, f"what it says does not come: {told}")
    age = (as_of - reference.as_of).days
    if age >= most_days:
        return Need(True, f"it is {age} days old")
    return Need(False, f"it fits: {age} days old, no feature drifted, and of held-out users as many leave as it says")
