"""Which days a daily table covers fully, worked out from its rows alone, never from the clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from statistics import median

from playhead.errors import TooEarlyError

# A day with less than this share of the usual audience has not arrived yet (a few early or stray events), and is not complete.
_QUORUM = 0.25


def complete_days(active_by_date: Mapping[date, int], table: str, *, before: date | None = None) -> tuple[date, date]:
    """The first and the last day that history covers fully.

    A day counts when at least a quarter of the usual audience was seen on it, which late stragglers before the first day and a few early
    events of a new one do not reach; the last must also be over, which only activity on a later day shows.

    Args:
        active_by_date: active users of each day.
        table: the table they were counted in.
        before: a backfill looks at nothing from this day on.

    Raises:
        TooEarlyError: no day is complete.
    """
    days = sorted(active_by_date)
    usual = median(active_by_date.values()) if days else 0
    complete = [day for day in days[:-1] if active_by_date[day] >= _QUORUM * usual and (before is None or day < before)]
    if not complete:
        told = f" before {before}" if before else ""
        raise TooEarlyError(f"{table} has {len(days)} days and none{told} is complete; run build_daily over at least two days first")
    return complete[0], complete[-1]
