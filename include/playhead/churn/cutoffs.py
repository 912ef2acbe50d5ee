"""Which days a churn model learns from, is judged on, and scores; worked out from the data alone, never from the clock.

With H the horizon of the label and as_of the last complete day:

    training cut-offs (every 2 days) ... + H <= held-out cut-off, + H <= as_of = score date

so that no training label reaches past the held-out cut-off, and the held-out label is fully observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

# Model features look back two weeks: every cut-off has its whole window in the data, so features mean the same at each of them.
LOOKBACK_DAYS = 14
_TRAINING_STEP_DAYS = 2
_MOST_TRAINING_CUTOFFS = 8


@dataclass(frozen=True, slots=True)
class CutoffPlan:
    """Cut-offs are the last day whose rows a feature may see. `training` is empty, and `held_out` None, when history is too short."""

    training: tuple[date, ...]
    held_out: date | None
    score: date
    horizon_days: int

    @property
    def all(self) -> tuple[date, ...]:
        """Every cut-off, oldest first."""
        return tuple(sorted({*self.training, *([self.held_out] if self.held_out else []), self.score}))


def plan_cutoffs(first_day: date, as_of: date, horizon_days: int) -> CutoffPlan:
    """The cut-offs that history from first_day to as_of allows."""
    horizon = timedelta(days=horizon_days)
    held_out = as_of - horizon
    earliest = first_day + timedelta(days=LOOKBACK_DAYS - 1)
    latest = held_out - horizon
    if latest < earliest:
        return CutoffPlan(training=(), held_out=None, score=as_of, horizon_days=horizon_days)
    count = min(_MOST_TRAINING_CUTOFFS, (latest - earliest).days // _TRAINING_STEP_DAYS + 1)
    training = tuple(latest - timedelta(days=_TRAINING_STEP_DAYS * step) for step in reversed(range(count)))
    return CutoffPlan(training=training, held_out=held_out, score=as_of, horizon_days=horizon_days)
