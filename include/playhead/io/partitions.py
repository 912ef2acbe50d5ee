"""Partition keys: how an hour or a day is named, widened, merged into ranges and turned into a predicate.

A key is ISO text (`2026-01-31T05` or `2026-01-31`), always UTC, so that keys sort as time does and never depend on a time zone setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from playhead.contracts.shapes import Contract, Partition
from playhead.errors import BuildError

Moment = str | date | datetime
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_HOUR_FORMAT = "%Y-%m-%dT%H"
_DAY_FORMAT = "%Y-%m-%d"


def hour_key(moment: Moment) -> str:
    """The key of the hour that a moment lies in; naive datetimes are UTC."""
    return _instant(moment).strftime(_HOUR_FORMAT)


def day_key(moment: Moment) -> str:
    """The key of the day that a moment lies in."""
    return _instant(moment).strftime(_DAY_FORMAT)


def partition_keys(moments: Iterable[Moment], partition: Partition) -> list[str]:
    """Keys of the moments in a table's grain, ascending, each once."""
    as_key = hour_key if partition == "event_hour" else day_key
    return sorted({as_key(moment) for moment in moments})


def hours_between(start: datetime, end: datetime) -> list[str]:
    """Keys of the whole hours of [start, end)."""
    first = _instant(start).replace(minute=0, second=0, microsecond=0)
    if first < _instant(start):
        first += _HOUR
    count = max(0, (_instant(end) - first) // _HOUR)
    return [(first + index * _HOUR).strftime(_HOUR_FORMAT) for index in range(count)]


def hour_keys(start: str, end: str) -> list[str]:
    """Keys of the hours from one key on, before another."""
    return hours_between(_instant(start), _instant(end))


def days_between(first: str, last: str) -> list[str]:
    """Keys of the days from first to last, both included."""
    count = (_instant(last) - _instant(first)).days + 1
    return [(_instant(first) + index * _DAY).strftime(_DAY_FORMAT) for index in range(count)]


def whole_days(hours: Iterable[str]) -> list[str]:
    """The days all of whose 24 hours are given."""
    counts: dict[str, int] = {}
    for hour in set(hours):
        counts[day_key(hour)] = counts.get(day_key(hour), 0) + 1
    return sorted(day for day, count in counts.items() if count == 24)


def widen(keys: Iterable[str], *, before: int, after: int) -> list[str]:
    """The keys with their neighbours: `before` steps back and `after` steps on, in hours or days as the keys are."""
    widened: set[str] = set()
    for start, end in merge_ranges(keys):
        step, form = _grain(start)
        moment = _instant(start) - before * step
        while moment < _instant(end) + after * step:
            widened.add(moment.strftime(form))
            moment += step
    return sorted(widened)


def partition_end(key: str) -> datetime:
    """The moment at which the hour or day of a key is over."""
    step, _ = _grain(key)
    return _instant(key) + step


def partition_hours(key: str) -> list[str]:
    """Keys of the hours of an hour or a day."""
    return hours_between(_instant(key), partition_end(key))


def merge_ranges(keys: Iterable[str]) -> list[tuple[str, str]]:
    """Neighbouring keys as half-open ranges [start, end): 840 hours in a row are one range."""
    ranges: list[tuple[str, str]] = []
    for key in sorted(set(keys)):
        step, form = _grain(key)
        end = (_instant(key) + step).strftime(form)
        if ranges and ranges[-1][1] == key:
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((key, end))
    return ranges


def predicate(keys: Sequence[str], column: str, *, date_column: str | None = None) -> str:
    """A SQL condition that holds for exactly the rows of these partitions.

    `date_column` names the day column that the table is laid out by, so that other days' files are not even listed.
    """
    if not keys:
        return "false"
    return " OR ".join(f"({_range_condition(start, end, column, date_column)})" for start, end in merge_ranges(keys))


def table_predicate(keys: Sequence[str], contract: Contract) -> str:
    """The condition that holds for exactly the rows of these partitions of a published table."""
    if contract.partition == "none":
        raise BuildError(f"{contract.name} has no partitions to replace; append to it instead")
    has_date = contract.partition == "event_hour" and "event_date" in contract.column_names
    return predicate(keys, contract.partition, date_column="event_date" if has_date else None)


def _range_condition(start: str, end: str, column: str, date_column: str | None) -> str:
    if "T" not in start:
        return f"`{column}` >= DATE '{start}' AND `{column}` < DATE '{end}'"
    bounds = f"`{column}` >= {_timestamp(start)} AND `{column}` < {_timestamp(end)}"
    if date_column is None:
        return bounds
    last = hour_key(_instant(end) - _HOUR)
    return f"`{date_column}` >= DATE '{day_key(start)}' AND `{date_column}` <= DATE '{day_key(last)}' AND {bounds}"


def _timestamp(hour: str) -> str:
    return f"TIMESTAMP '{_instant(hour):%Y-%m-%d %H:%M:%S}Z'"


def _grain(key: str) -> tuple[timedelta, str]:
    return (_HOUR, _HOUR_FORMAT) if "T" in key else (_DAY, _DAY_FORMAT)


def _instant(moment: Moment) -> datetime:
    if isinstance(moment, str):
        moment = datetime.strptime(moment, _HOUR_FORMAT if "T" in moment else _DAY_FORMAT).replace(tzinfo=UTC)
    if not isinstance(moment, datetime):
        return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
