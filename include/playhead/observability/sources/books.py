"""The books, by the record that the nightly reconciliation leaves beside the lake."""

from __future__ import annotations

from playhead.io.reconcile_record import read_reconcile_record
from playhead.observability import metrics as m


def read_books(lake: str) -> m.Readings:
    """When the days that may still change were last reconciled, and what differed; nothing before the first time."""
    record = read_reconcile_record(lake)
    if record is None:
        return {}
    return {
        m.RECONCILE_FINISHED: {(): record.finished},
        m.RECONCILE_EVENTS: {(): record.events},
        m.DIFFERING_MINUTES: {(table,): minutes for table, minutes in record.differing_minutes.items()},
    }
