"""How much higher a ratio is in one group of viewers than in another, and how certain that is; from sums alone.

A metric is the sum of a numerator over viewers divided by the sum of a denominator (failures / plays), or by the viewers themselves (watch
time per viewer). The viewer was drawn, not the play, and plays of one viewer are alike: so the variance is one over viewers (delta method).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import e, exp, log, sqrt


@dataclass(frozen=True, slots=True)
class Sums:
    """Over the viewers of a group: numerators and denominators, their squares and their products, summed. All are whole numbers."""

    viewers: int
    top: int
    bottom: int
    top_squares: int
    bottom_squares: int
    products: int

    @property
    def ratio(self) -> float | None:
        """The metric; None where nothing is divided by."""
        return self.top / self.bottom if self.bottom else None

    def variance(self) -> float | None:
        """Variance of the ratio as an estimate; None where there are too few viewers to know."""
        if self.viewers < 2 or not self.bottom:
            return None
        # Of what each viewer is off the ratio, in whole numbers: it is a small difference of large sums.
        top, bottom = self.top, self.bottom
        squares = self.top_squares * bottom**2 - 2 * self.products * top * bottom + self.bottom_squares * top**2
        return self.viewers * squares / ((self.viewers - 1) * bottom**4)


@dataclass(frozen=True, slots=True)
class Lift:
    """A group against the control: the relative difference, an interval for it, and the chance of one so large where there is none.

    What cannot be told is None: a bound where the control is too uncertain to divide by, all three where a group has no variance.
    """

    lift: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None


def compare(control: Sums, treatment: Sums, *, alpha: float, planned_viewers: int | None = None) -> Lift:
    """The lift of treatment over control, with an interval that holds the truth in 1 - alpha of all experiments (Welch, Fieller).

    The interval leaves out 0 exactly where the p-value is below alpha: both ask the same of the same t-distribution. With planned_viewers,
    of both groups, both hold at every look of an experiment, however many there are, and are narrowest when so many have come.
    """
    from scipy.special import ndtr, ndtri, stdtr, stdtrit

    ours, theirs = treatment.ratio, control.ratio
    if not theirs or ours is None:
        return Lift()
    lift = ours / theirs - 1
    our_variance, their_variance = treatment.variance(), control.variance()
    if our_variance is None or their_variance is None or not our_variance + their_variance:
        return Lift(lift)
    freedom = (our_variance + their_variance) ** 2 / (our_variance**2 / (treatment.viewers - 1) + their_variance**2 / (control.viewers - 1))
    tail = float(stdtr(freedom, -abs(ours - theirs) / sqrt(our_variance + their_variance)))
    p_value, limit_tail = 2 * tail, alpha / 2
    if planned_viewers is not None:
        mixing = _mixing(alpha) * (control.viewers + treatment.viewers) / planned_viewers
        p_value, limit_tail = _always_valid(float(ndtri(tail)), mixing), float(ndtr(-_boundary(alpha, mixing)))
    low, high = _fieller(ours, theirs, our_variance, their_variance, -float(stdtrit(freedom, limit_tail)))
    return Lift(lift, low, high, p_value)


def _always_valid(deviation: float, mixing: float) -> float:
    """The p-value of a mixture sequential probability ratio test (Johari, Pekelis, Walsh, Operations Research 70, 2022).

    The likelihood ratio of a normal deviation is averaged over effects that are normal themselves, `mixing` times as wide as its variance.
    Where there is no effect that average is a martingale over the looks, so it ever exceeds 1 / p with a chance of p at most (Ville).
    """
    return min(1.0, sqrt(1 + mixing) * exp(-(deviation**2) * mixing / (1 + mixing) / 2))


def _boundary(alpha: float, mixing: float) -> float:
    """The deviation whose always-valid p-value is alpha."""
    return sqrt(2 * (1 + mixing) / mixing * log(sqrt(1 + mixing) / alpha))


def _mixing(alpha: float) -> float:
    """The mixing that makes the boundary lowest (Waudby-Smith et al., Annals of Statistics 52, 2024)."""
    from scipy.special import lambertw

    return -float(lambertw(-(alpha**2) / e, -1).real) - 1


def _fieller(ours: float, theirs: float, our_variance: float, their_variance: float, limit: float) -> tuple[float | None, float | None]:
    """The lifts q - 1 for which ours - q * theirs is within the limit of its own standard error: the roots of a square."""
    square = theirs**2 - limit**2 * their_variance
    if not square > 0:
        return None, None  # the control may be 0, and then no lift is too large
    middle = ours * theirs
    reach = sqrt(middle**2 - square * (ours**2 - limit**2 * our_variance))
    return (middle - reach) / square - 1, (middle + reach) / square - 1


def split_p_value(viewers: Mapping[str, int], shares: Mapping[str, float]) -> float | None:
    """The chance of a split at least as uneven where viewers are drawn in these shares (chi-square); None where there is no split."""
    from scipy.special import chdtrc

    drawn, whole = sum(viewers.values()), sum(shares[name] for name in viewers)
    if len(viewers) < 2 or not drawn:
        return None
    expected = {name: drawn * shares[name] / whole for name in viewers}
    distance = sum((viewers[name] - expected[name]) ** 2 / expected[name] for name in viewers)
    return float(chdtrc(len(viewers) - 1, distance))
