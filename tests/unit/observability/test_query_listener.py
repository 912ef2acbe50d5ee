"""The heartbeat tells of one query: batches of another one leave it as it is."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from playhead.observability.query_listener import HeartbeatListener


def _progress(name: str, batch: int, rows: int) -> Any:
    progress = SimpleNamespace(name=name, batchId=batch, numInputRows=rows, durationMs={"triggerExecution": 500})
    return SimpleNamespace(progress=progress)


def test_listener__only_its_query_moves_the_heartbeat_and_announces(tmp_path: Path) -> None:
    announced: list[int] = []
    path = tmp_path / "beat.json"
    listener = HeartbeatListener(path, "ingest", lambda: True, lambda: announced.append(1))
    listener.onQueryProgress(_progress("ingest", 7, 10))
    listener.onQueryProgress(_progress("alerts", 99, 5_000))
    assert (json.loads(path.read_text())["batch_id"], json.loads(path.read_text())["batch_rows"], len(announced)) == (7, 10, 1)
