"""Which days a churn model learns from, is judged on, and scores; worked out from the data alone, never from the clock.

With H the horizon of the label and as_of the last complete day:

    training cut-offs (every 2 days) ... + H <= held-out cut-off, + H <= as_of = score date

so that no training label reaches past the held-out cut-off, and the held-out label is fully observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from playhead.errors import TooEarlyError

# Model features look back two weeks: every cut-off has its whole window in the data, so features mean the same at each of them.
LOOKBACK_DAYS = 14
_TRAINING_STEP_DAYS = 2
_MOST_TRAINING_CUTOFFS = 8
# A day with less than this share of the usual audience has not arrived yet (a few early or stray events), and is not complete.
_QUORUM = 0.25


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


def complete_days(active_by_date: Mapping[date, int], *, before: date | None = None) -> tuple[date, date]:
    """The first and the last day that history covers fully.

    A day counts when at least a quarter of the usual audience was seen on it, which late stragglers before the first day and a few early
    events of a new one do not reach; the last must also be over, which only activity on a later day shows.

    Args:
        active_by_date: active users of each day.
        before: a backfill looks at nothing from this day on.

    Raises:
        TooEarlyError: no day is complete.
    """
    days = sorted(active_by_date)
    usual = median(active_by_date.values()) if days else 0
    complete = [day for day in days[:-1] if active_by_date[day] >= _QUORUM * usual and (before is None or day < before)]
    if not complete:
        told = f" before {before}" if before else ""
        raise TooEarlyError(
            f"gold.user_daily has {len(days)} days and none{told} is complete; run build_daily over at least two days first"
        )
    return complete[0], complete[-1]


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
