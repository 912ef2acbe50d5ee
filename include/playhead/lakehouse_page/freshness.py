"""How fresh each table is against the deadline of its contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from playhead.jobs.told import Told
from playhead.lakehouse_page.partitions import Promise, end_of


@dataclass(frozen=True, slots=True)
class Freshness:
    """A table's newest whole partition, and when the next one is due. Empty: the window holds none."""

    table: str
    state: Literal["fresh", "late", "empty"]
    deadline_minutes: int
    newest: str | None = None
    published_at: datetime | None = None
    next_due: datetime | None = None


def freshness(promised: Promise, told: Mapping[str, Told], *, now: datetime) -> Freshness:
    """The freshness of a table. A partition counts when it was published after it had ended: before, more of it may have come."""
    minutes = promised.due_after // timedelta(minutes=1)
    newest = max((key for key, each in told.items() if each.published_at and each.published_at >= end_of(key)), default=None)
    if newest is None:
        return Freshness(promised.table, "empty", minutes)
    grain = timedelta(hours=1) if promised.partition == "event_hour" else timedelta(days=1)
    due = end_of(newest) + grain + promised.due_after
    return Freshness(promised.table, "fresh" if now < due else "late", minutes, newest, told[newest].published_at, due)
