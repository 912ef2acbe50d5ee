"""The streaming app, by what it tells of its life."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from playhead.observability import metrics as m
from playhead.observability.heartbeat import refusals_path, require_heartbeat
from playhead.observability.stream_life import REASONS

WORKS = ("keep_bronze", "alerts", "alerts_log", "live")


def read_stream(home: Path, now: datetime | None = None) -> m.Readings:
    """What the app last said of itself. Its counters begin at zero when it starts, but for those of how apps ended.

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
    told: m.Readings = {metric: {(): value} for metric, value in values.items()}
    refusals = refusals_path(home)
    # Counted from zero on: a counter that appears at one would hide its first from increase().
    return told | {
        m.STREAM_STOPS: {(reason,): beat.stops.get(reason, 0) for reason in REASONS},
        m.STREAM_FAILURES: {(work,): beat.failures.get(work, 0) for work in {*WORKS, *beat.failures}},
        m.STREAM_REFUSALS: {(): len(refusals.read_bytes().splitlines()) if refusals.is_file() else 0},
    }
