"""Producers on this machine, by their ledgers."""

from __future__ import annotations

import time
from pathlib import Path

from playhead.events.ledger import disconnected_at, last_sequence
from playhead.observability import metrics as m

_RECENT_S = 3600.0


def read_producers(directory: Path, now: float | None = None) -> m.Readings:
    """How long records wait to be acknowledged, and when connections were lost; of producers that entered something in the last hour.

    Only the ends of ledgers are read. Whoever sends again what nobody acknowledged, under new numbers, ends the wait.
    """
    now = now or time.time()
    waits: dict[tuple[str, ...], float] = {}
    disconnected: dict[tuple[str, ...], float] = {}
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        sent = last_sequence(path, "sent") if path.is_dir() else None
        if sent is None or now - sent[1] > _RECENT_S:
            continue
        acked = last_sequence(path, "acked")
        is_waiting = acked is None or acked[0] < sent[0]
        waits[path.name,] = max(0.0, now - sent[1]) if is_waiting else 0.0
        lost_at = disconnected_at(path)
        if lost_at is not None:
            disconnected[path.name,] = lost_at
    return {m.UNACKNOWLEDGED_AGE: waits, m.DISCONNECTED: disconnected}
