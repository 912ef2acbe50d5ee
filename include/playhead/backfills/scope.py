"""What a backfill touches: its data intervals, and the partitions that they build again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from playhead.errors import SettingsError
from playhead.io.partitions import hours_between, partition_end, partition_keys, whole_days
from playhead.jobs.published import Published
from playhead.jobs.registry import BUILDS, HOURLY_GOLD

_STEPS = {"build_hourly": timedelta(hours=1), "build_daily": timedelta(days=1)}
DAGS = tuple(_STEPS)


@dataclass(frozen=True, slots=True)
class Scope:
    """The data intervals from the one that begins at `first` to the one that begins at `last`, and their partitions by table."""

    dag_id: str
    first: datetime
    last: datetime
    partitions: dict[str, list[str]] = field(default_factory=dict)

    @property
    def end(self) -> datetime:
        """When the last interval is over."""
        return self.last + _STEPS[self.dag_id]

    @property
    def runs(self) -> int:
        """How many intervals there are."""
        return (self.last - self.first) // _STEPS[self.dag_id] + 1

    @property
    def gold(self) -> dict[str, list[str]]:
        """The partitions that the warehouse loads."""
        return {table: keys for table, keys in self.partitions.items() if table.startswith("gold.")}


@dataclass(frozen=True, slots=True)
class Touched:
    """A table's partitions that a backfill builds again: how many, how many of them are published, and the rows these hold."""

    table: str
    partitions: int
    published: int
    rows: int


def open_scope(dag_id: str, first: datetime, last: datetime, *, now: datetime) -> Scope:
    """The scope of a backfill.

    Raises:
        SettingsError: the DAG builds no intervals, the range is empty, or begins or ends within an interval, or is not over yet.
    """
    if dag_id not in _STEPS:
        raise SettingsError(f"{dag_id} cannot be backfilled; these can: {', '.join(DAGS)}")
    step, scope = _STEPS[dag_id], Scope(dag_id, first, last)
    if first > last:
        raise SettingsError(f"--from {first:%Y-%m-%dT%H} lies after --to {last:%Y-%m-%dT%H}; exchange them")
    if any((moment - datetime.min.replace(tzinfo=moment.tzinfo)) % step for moment in (first, last)):
        raise SettingsError(f"{dag_id} builds whole days; give --from and --to as days, or choose --dag build_hourly")
    if scope.end > now:
        raise SettingsError(f"the interval that begins at {last:%Y-%m-%dT%H} is not over yet; the next scheduled run builds it")
    return Scope(dag_id, first, last, _partitions(dag_id, hours_between(first, scope.end)))


def touched(scope: Scope, published: Published) -> list[Touched]:
    """What is there now of what a backfill builds again, by table."""
    found = []
    for table, keys in scope.partitions.items():
        there = [published.of(table)[key] for key in keys if key in published.of(table)]
        found.append(Touched(table, len(keys), len(there), sum(each.rows_count for each in there)))
    return found


def _partitions(dag_id: str, hours: Iterable[str]) -> dict[str, list[str]]:
    hours = list(hours)
    days = whole_days(hours) if dag_id == "build_daily" else []
    found: dict[str, list[str]] = {}
    for table in BUILDS:
        if table.startswith("silver.") or table in HOURLY_GOLD:
            found[table] = partition_keys(hours, "event_hour")
        elif days:
            found[table] = days
    return found


def lies_within(scope: Scope, moment: datetime) -> bool:
    """Whether a moment of event time is the backfill's."""
    return scope.first <= moment < partition_end(scope.partitions["silver.video_events"][-1])
