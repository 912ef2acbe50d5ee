"""Which backfill mends broken partitions. The browser starts it through Airflow's API, as the user who is signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from playhead.io.partitions import day_key, partition_end

HOURLY, DAILY = "build_hourly", "build_daily"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Repair:
    """A backfill as Airflow's API takes it: the first and the last data interval by their start, and how many there are."""

    dag_id: str
    from_date: datetime
    to_date: datetime
    runs: int


def repair_of(broken: Sequence[str], *, now: datetime) -> Repair | None:
    """The backfill that builds the broken partitions of one day again; None where nothing is broken, or the day is to be awaited.

    One hour, or hours of a day that is not over, are built by the hour. Several hours are one run of their day, which builds gold too.
    """
    if not broken:
        return None
    day = day_key(broken[0])
    is_over = partition_end(day) <= now
    if "T" in broken[0] and (len(broken) == 1 or not is_over):
        first, last = partition_end(min(broken)) - _HOUR, partition_end(max(broken)) - _HOUR
        return Repair(HOURLY, first, last, (last - first) // _HOUR + 1)
    if not is_over:
        return None
    start = partition_end(day) - _DAY
    return Repair(DAILY, start, start, 1)
