"""What the streaming app keeps of the batches of one query: the last one, and totals since it started."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from playhead.observability.heartbeat import read_heartbeat
from playhead.observability.query_listener import BatchListener
from playhead.observability.stream_life import StreamLife


def batch(number: int, rows: int, milliseconds: int, *, name: str = "ingest") -> Any:
    """The event of a finished batch, as Spark gives it."""
    progress = SimpleNamespace(batchId=number, numInputRows=rows, durationMs={"triggerExecution": milliseconds}, name=name)
    return SimpleNamespace(progress=progress)


def test_progress__totals_are_of_all_batches_of_the_process(tmp_path: Path) -> None:
    listener = BatchListener(StreamLife(tmp_path), "ingest", lambda: None)
    listener.onQueryProgress(batch(7, 100, 500))
    listener.onQueryProgress(batch(8, 20, 250))
    beat = read_heartbeat(tmp_path)
    assert beat is not None
    assert (beat.batch_id, beat.batch_rows, beat.batch_ms, beat.rows_per_s) == (8, 20, 250, 80.0)
    assert (beat.rows_total, beat.batches_total, beat.batches_ms_total) == (120, 2, 750)


def test_progress__only_its_query_moves_the_heartbeat_and_announces(tmp_path: Path) -> None:
    announced: list[int] = []
    listener = BatchListener(StreamLife(tmp_path), "ingest", lambda: announced.append(1))
    listener.onQueryProgress(batch(7, 10, 500))
    listener.onQueryProgress(batch(99, 5_000, 500, name="alerts"))
    beat = read_heartbeat(tmp_path)
    assert beat is not None
    assert (beat.batch_id, beat.batch_rows, beat.rows_total, len(announced)) == (7, 10, 10, 1)
