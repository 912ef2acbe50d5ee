"""The watch over the stream: it waits without a worker, and acts once when there is trouble. The real app is started anew in tests/e2e."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from playhead.observability.stream_trouble import Position, StreamWatch, Trouble

AHEAD = (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def fired(until: str) -> dict[str, Any]:
    from playhead.orchestration.stream_watch import StreamTrouble

    async def first() -> dict[str, Any]:
        event = await anext(StreamTrouble(until).run())
        payload: dict[str, Any] = event.payload
        return payload

    return asyncio.run(first())


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    from playhead.orchestration import stream_watch

    monkeypatch.setattr(stream_watch, "_FIRST_LOOK_S", 0.0)
    monkeypatch.setattr(stream_watch, "_LOOK_S", 0.01)


def test_it_waits_in_the_triggerer_and_goes_on_where_another_triggerer_left_it(dags: dict[str, Any]) -> None:
    from airflow.sdk._shared.module_loading import import_string
    from airflow.sdk.exceptions import TaskDeferred

    with pytest.raises(TaskDeferred) as deferred:
        dags["stream_watch"].get_task("watch").execute({})
    path, kept = deferred.value.trigger.serialize()
    assert import_string(path)(**kept).serialize() == (path, kept)
    assert hasattr(dags["stream_watch"].get_task("watch"), deferred.value.method_name)


def test_it_fires_at_the_first_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    from playhead.orchestration import stream_watch

    looks = iter([None, None, Trouble("silent", "told")])
    watch = StreamWatch(Path(), lambda: Position(None, 0))
    monkeypatch.setattr(StreamWatch, "look", lambda *_: next(looks))
    monkeypatch.setattr(stream_watch, "_watch", lambda: watch)
    assert fired(AHEAD) == {"kind": "silent", "told": "told"}


def test_it_ends_after_some_hours_without_trouble() -> None:
    assert fired(datetime.now(UTC).isoformat()) == {}


def test_it_has_the_app_started_anew_only_where_there_was_trouble(dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Path] = []
    monkeypatch.setattr("playhead.local.stream_start.start_anew", lambda home: started.append(home) or "killed")
    task = dags["stream_watch"].get_task("watch")
    assert task.start_anew({}, {}) == {"kind": "none"}
    assert started == []
    assert task.start_anew({}, {"kind": "stuck", "told": "t"}) == {"kind": "stuck", "told": "t", "outcome": "killed"}
    assert len(started) == 1
