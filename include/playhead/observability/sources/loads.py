"""Warehouse loads, by the record that each leaves beside the lake: asking the warehouse at every scrape would keep it awake, and cost."""

from __future__ import annotations

from typing import get_args

from playhead.io.load_record import Outcome, read_load_record
from playhead.observability import metrics as m


def read_loads(lake: str) -> m.Readings:
    """What loads came to, an outcome that never came being zero, and the last one, which is absent before the first."""
    record = read_load_record(lake)
    readings: m.Readings = {m.LOADS: {(outcome,): record.outcomes.get(outcome, 0) for outcome in get_args(Outcome)}}
    if record.finished is not None:
        readings[m.LOAD_FINISHED] = {(): record.finished}
    if record.seconds is not None:
        readings |= {m.LOAD_SECONDS: {(): record.seconds}, m.LOAD_ROWS: {(table,): rows for table, rows in record.rows.items()}}
    return readings
