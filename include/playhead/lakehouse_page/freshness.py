"""How fresh each table is: whether anything of it is overdue by its contract, as the owners are mailed of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from playhead.deadlines.evidence import Evidence
from playhead.deadlines.overdue import Miss, next_due, overdue
from playhead.deadlines.promises import Promise
from playhead.jobs.told import Told
from playhead.lakehouse_page.partitions import end_of


@dataclass(frozen=True, slots=True)
class Freshness:
    """A table's newest whole partition, what is overdue of it, and when the next interval is due. Empty: the window holds no partition."""

    table: str
    state: Literal["fresh", "late", "empty"]
    deadline_minutes: int
    newest: str | None
    published_at: datetime | None
    next_due: datetime | None
    overdue: list[Miss]


def freshness(promise: Promise, told: Mapping[str, Told], evidence: Evidence, *, now: datetime) -> Freshness:
    """The freshness of a table. A partition is whole that was published after it had ended: before, more of it may have come."""
    minutes = promise.due_after // timedelta(minutes=1)
    newest = max((key for key, each in told.items() if each.published_at and each.published_at >= end_of(key)), default=None)
    misses = overdue(promise, evidence, now=now)
    state: Literal["fresh", "late", "empty"] = "late" if misses else "empty" if newest is None else "fresh"
    published_at = None if newest is None else told[newest].published_at
    return Freshness(promise.table, state, minutes, newest, published_at, next_due(promise, evidence), misses)
