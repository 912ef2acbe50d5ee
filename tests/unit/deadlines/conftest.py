"""A lake that began when a test says, and the streaming app's sign of life."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from playhead.io.delta_table import table_path
from playhead.observability.heartbeat import Heartbeat, alive, heartbeat_path, read_heartbeat, write_heartbeat

Begin = Callable[[datetime], None]


@pytest.fixture
def begin(lake: str, land: Callable[..., None]) -> Begin:
    """Makes the lake, as if its first event had landed at a moment."""

    def begin(at: datetime) -> None:
        land([])
        first = Path(table_path(lake, "bronze.events"), "_delta_log", f"{0:020}.json")
        actions = [json.loads(line) for line in first.read_text(encoding="utf-8").splitlines()]
        for action in actions:
            if "metaData" in action:
                action["metaData"]["createdTime"] = int(at.timestamp() * 1000)
        first.write_text("".join(json.dumps(action) + "\n" for action in actions), encoding="utf-8")

    return begin


@pytest.fixture
def beat() -> Callable[..., None]:
    """Writes the streaming app's sign of life."""

    def beat(home: Path, at: datetime, *, is_ready: bool = True) -> None:
        before = read_heartbeat(home)
        told = Heartbeat(at.isoformat(), at.isoformat(), 1, 1, 1, 1.0, None, is_ready=is_ready)
        if before is not None:
            told = replace(told, alive_at=before.alive_at, silent_from=before.silent_from, silent_until=before.silent_until)
        write_heartbeat(heartbeat_path(home), alive(told, at) if is_ready else told)

    return beat
