"""The state of every partition of the last weeks, by what the logs tell of it: a cell of the heat map is a table's day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Literal

from playhead.contracts.model import load_contract
from playhead.contracts.shapes import Partition
from playhead.io.partitions import day_key, hour_key, partition_end, partition_hours
from playhead.jobs.registry import BUILDS, PLAY_HOURS
from playhead.jobs.told import Told
from playhead.lakehouse_page.repairs import Repair, repair_of

State = Literal["failed_gate", "missing", "partial", "late_corrected", "pending", "complete", "none"]
# From worst to best: a day shows the worst of its hours.
STATES: tuple[State, ...] = ("failed_gate", "missing", "partial", "late_corrected", "pending", "complete", "none")
BROKEN: frozenset[State] = frozenset({"failed_gate", "missing", "partial"})


@dataclass(frozen=True, slots=True)
class Promise:
    """When a table's partitions are due after they end, and when nothing but late data or a repair may still change them."""

    table: str
    partition: Partition
    due_after: timedelta
    settled_after: timedelta


@dataclass(frozen=True, slots=True)
class Cell:
    """A table's day: the worst state of its partitions, how many have each state, the broken ones, and the backfill that mends them."""

    day: str
    state: State
    counts: Mapping[State, int]
    broken: tuple[str, ...]
    repair: Repair | None


@lru_cache(maxsize=2048)
def end_of(key: str) -> datetime:
    """When a partition is over; the tables of a page share their keys, and reading a key costs more than all else about it."""
    return partition_end(key)


def promise(table: str) -> Promise:
    """What a table's contract promises. Plays may last a day: what is made from them is not settled before that."""
    contract = load_contract(table)
    due = timedelta(minutes=contract.freshness_minutes)
    return Promise(table, contract.partition, due, max(due, timedelta(hours=PLAY_HOURS + 1)) if _grows(table) else due)


def state_of(key: str, told: Told, promised: Promise, *, now: datetime, is_landed: bool = False) -> State:
    """The state of one partition. Published before it was over it is partial: more of it may have come since.

    What is not due yet is pending, and so is what has landed and waits for the next build.
    """
    end = end_of(key)
    if told.is_refused:
        return "failed_gate"
    if told.published_at is None or told.published_at < end:
        if is_landed or now < end + promised.due_after:
            return "pending"
        return "missing" if told.published_at is None else "partial"
    if told.changed_at is not None and told.changed_at > end + promised.settled_after:
        return "late_corrected"
    return "complete"


def cells(
    promised: Promise,
    told: Mapping[str, Told],
    days: Iterable[str],
    *,
    first: str | None,
    now: datetime,
    landed: Collection[str] = (),
) -> list[Cell]:
    """A table's row of the heat map. Nothing is expected of partitions before `first`, with which the lake begins, nor of the future.

    `landed` are the keys of partitions that wait for the next build, also from before the lake's first.
    """
    row = []
    for day in days:
        keys = partition_hours(day) if promised.partition == "event_hour" else [day]
        states = {key: _expected(key, told.get(key), promised, first, now, is_landed=key in landed) for key in keys}
        counts = Counter(states.values())
        broken = tuple(key for key, state in states.items() if state in BROKEN)
        worst = next(state for state in STATES if counts[state])
        row.append(Cell(day, worst, {state: counts[state] for state in STATES if counts[state]}, broken, repair_of(broken, now=now)))
    return row


def _expected(key: str, told: Told | None, promised: Promise, first: str | None, now: datetime, *, is_landed: bool) -> State:
    if told is not None or is_landed:
        return state_of(key, told or Told(), promised, now=now, is_landed=is_landed)
    begins = first if first is None or promised.partition == "event_hour" else day_key(first)
    if begins is None or key < begins or key > hour_key(now):
        return "none"
    return state_of(key, Told(), promised, now=now)


@cache
def _grows(table: str) -> bool:
    """Whether later hours add to a table's partition: its build reads ahead, or what it is made from does."""
    build = BUILDS.get(table)
    return build is not None and (build.reach[1] > 0 or any(map(_grows, build.inputs)))
