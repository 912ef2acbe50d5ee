"""Deadlines, by the watcher's sign of life."""

from __future__ import annotations

from pathlib import Path

from playhead.observability import metrics as m
from playhead.observability.watch_sign import read_sign


def read_deadlines(home: Path) -> m.Readings:
    """What the watcher last saw; nothing where none ever looked."""
    sign = read_sign(home)
    if sign is None:
        return {}
    return {
        m.WATCHED: {(): sign.looked_at},
        m.OVERDUE: {(table,): count for table, count in sign.overdue.items()},
        m.UNSENT: {(): sign.unsent},
    }
