"""Which intervals are overdue, and when one that was has come after all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from playhead.deadlines.evidence import WINDOW, Evidence
from playhead.deadlines.promises import Promise
from playhead.io.partitions import day_key, hour_key, partition_end

_STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_MOMENT = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Miss:
    """An interval of a table that was not whole when it was due; of the streaming app, the minute of its last sign of life."""

    table: str
    key: str
    due_at: datetime
    why: str


def overdue(promise: Promise, evidence: Evidence, *, now: datetime) -> list[Miss]:
    """The intervals of a table that are due and not there, ascending. Nothing is expected of what was over before the lake began."""
    if evidence.begun is None:
        return []
    if promise.grain == "moment":
        return _silence(promise, evidence, evidence.begun, now)
    since = max(evidence.begun, now - WINDOW)
    found = (_miss(promise, evidence, key) for key in _keys_over(promise, since, now - promise.due_after))
    return [miss for miss in found if kept_at(promise, evidence, miss.key, miss.due_at) is None]


def next_due(promise: Promise, evidence: Evidence) -> datetime | None:
    """When the first interval is due that nothing has covered yet, however long ago; None where nothing was ever done."""
    seen = max((each.seen_at for each in evidence.coverings.get(promise.table, ())), default=None)
    return None if seen is None else promise.due_at(promise.key_of(seen))


def kept_at(promise: Promise, evidence: Evidence, key: str, due_at: datetime) -> datetime | None:
    """When an interval was whole; None as long as it is not. The streaming app is back with a sign of life after one was due."""
    if key in evidence.held.get(promise.table, {}):
        return None
    over = due_at if promise.grain == "moment" else partition_end(key)
    return min((each.done_at for each in evidence.coverings.get(promise.table, ()) if each.seen_at >= over), default=None)


def missed(promised: Mapping[str, Promise], evidence: Evidence, asked: Iterable[tuple[str, str]], *, now: datetime) -> Iterator[Miss]:
    """Of the intervals asked about, as (table, key), those that were not whole when they were due, also where they have come since."""
    for table, key in asked:
        miss = _miss(promised[table], evidence, key)
        kept = kept_at(promised[table], evidence, key, miss.due_at)
        if miss.due_at < (kept or now):
            yield miss


def past_silence(promise: Promise, evidence: Evidence) -> list[Miss]:
    """The streaming app's last silence that was too long and is over: it may have begun and ended between two looks."""
    if evidence.silence is None:
        return []
    last, until = evidence.silence
    why = f"the streaming app gave no sign of life from {last:%H:%M:%S} to {until:%H:%M:%S} UTC"
    return [Miss(promise.table, f"{last:{_MOMENT}}", last + promise.due_after, why)]


def _silence(promise: Promise, evidence: Evidence, begun: datetime, now: datetime) -> list[Miss]:
    last = _last_done(promise, evidence) or begun
    due = last + promise.due_after
    if now < due:
        return []
    return [Miss(promise.table, f"{last:{_MOMENT}}", due, f"the streaming app's last sign of life was at {last:%H:%M:%S} UTC")]


def _last_done(promise: Promise, evidence: Evidence) -> datetime | None:
    return max((each.done_at for each in evidence.coverings.get(promise.table, ())), default=None)


def _keys_over(promise: Promise, since: datetime, until: datetime) -> Iterator[str]:
    """Keys of the intervals that end after `since` and not after `until`."""
    step, as_key = (_STEPS["hour"], hour_key) if promise.grain == "hour" else (_STEPS["day"], day_key)
    key = as_key(since)
    while partition_end(key) <= until:
        if partition_end(key) > since:
            yield key
        key = as_key(partition_end(key) + step / 2)


def _miss(promise: Promise, evidence: Evidence, key: str) -> Miss:
    due_at = promise.due_at(key)
    return Miss(promise.table, key, due_at, _why(promise, evidence, key, due_at))


def _why(promise: Promise, evidence: Evidence, key: str, due_at: datetime) -> str:
    held = evidence.held.get(promise.table, {}).get(key)
    if held is not None:
        return held
    kept = kept_at(promise, evidence, key, due_at)
    if kept is not None:
        return f"it was there at {kept:%Y-%m-%d %H:%M} UTC, too late"
    last = _last_done(promise, evidence)
    runs = " or ".join(promise.dags)
    return f"{runs} has never finished" if last is None else f"{runs} finished last at {last:%Y-%m-%d %H:%M} UTC, before it was over"
