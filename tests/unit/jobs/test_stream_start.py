"""When the queries beside `ingest` may start."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from playhead.jobs import stream


class Query:
    """A query that tells of one state after the other."""

    def __init__(self, *states: tuple[bool, Any, str]) -> None:
        self._states: Iterator[tuple[bool, Any, str]] = iter(states)
        self.asked = 0
        self.lastProgress: Any = None
        self.status = {"message": ""}

    @property
    def isActive(self) -> bool:  # noqa: N802  its name is Spark's
        self.asked += 1
        active, self.lastProgress, message = next(self._states)
        self.status = {"message": message}
        return active


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_LOOK_S", 0.0)


def has_caught_up(query: Query) -> bool:
    return stream.has_caught_up(query, threading.Event())  # type: ignore[arg-type]


def test_has_caught_up__waits_for_the_first_batch() -> None:
    again, landed = {"batchId": 6, "numInputRows": 0}, {"batchId": 7, "numInputRows": 9}
    query = Query((True, None, "Initializing sources"), (True, again, "Waiting for next trigger"), (True, landed, "Processing new data"))
    assert has_caught_up(query)
    assert query.asked == 3, "a batch that had landed before the start is not one"


def test_has_caught_up__an_idle_query_has_nothing_to_land() -> None:
    assert has_caught_up(Query((True, None, "Waiting for data to arrive")))


def test_has_caught_up__a_query_that_ended_never_will() -> None:
    assert not has_caught_up(Query((True, None, "Processing new data"), (False, None, "Terminated with exception")))
