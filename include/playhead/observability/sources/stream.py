"""The streaming app, by its heartbeat file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from playhead.observability import metrics as m
from playhead.observability.heartbeat import require_heartbeat


def read_stream(home: Path, now: datetime | None = None) -> m.Readings:
    """What the app last said of itself. Its counters begin at zero when it starts.

    Raises:
        StackError: it never ran here.
    """
    beat = require_heartbeat(home)
    age = (now or datetime.now(UTC)) - datetime.fromisoformat(beat.updated_at)
    values: dict[m.Metric, float] = {
        m.HEARTBEAT_AGE: age.total_seconds(),
        m.STARTED: datetime.fromisoformat(beat.started_at).timestamp(),
        m.STREAM_ROWS: beat.rows_total,
        m.BATCHES: beat.batches_total,
        m.BATCH_SECONDS: beat.batches_ms_total / 1000,
        m.LAST_BATCH_ROWS: beat.batch_rows,
        m.LAST_BATCH_SECONDS: beat.batch_ms / 1000,
        m.LAST_BATCH_RATE: beat.rows_per_s,
    }
    return {metric: {(): value} for metric, value in values.items()}
