"""Which days a ranking is learnt from and which it is judged on; worked out from the data alone, never from the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

# What a viewer played longer ago neither tells of taste today, nor keeps a title from being recommended again.
KNOWN_DAYS = 28
HELD_OUT_DAYS = 7
# Judged on less than a week of history, a ranking is judged on accidents.
_LEAST_KNOWN_DAYS = 7


@dataclass(frozen=True, slots=True)
class Days:
    """Days from `first` to `last`, both of them in."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class RankingDays:
    """The days that tell what viewers like, up to the score date; and of the contest those known and those held out, which follow."""

    known: Days
    contest_known: Days | None
    held_out: Days | None

    @property
    def score(self) -> date:
        """The last day of data that recommendations are made from."""
        return self.known.last


def plan_days(first_day: date, as_of: date) -> RankingDays:
    """The days that history from first_day to as_of allows; with too little of it there is no contest."""
    contest_end = as_of - timedelta(days=HELD_OUT_DAYS)
    known = _up_to(as_of, first_day)
    if (contest_end - first_day).days + 1 < _LEAST_KNOWN_DAYS:
        return RankingDays(known, None, None)
    return RankingDays(known, _up_to(contest_end, first_day), Days(contest_end + timedelta(days=1), as_of))


def _up_to(last: date, first_day: date) -> Days:
    return Days(max(first_day, last - timedelta(days=KNOWN_DAYS - 1)), last)
