"""What the demo asks Airflow while it waits."""

from __future__ import annotations

from unittest.mock import Mock, create_autospec

import pytest

from playhead.demo import flow
from playhead.errors import StackError
from playhead.io.airflow_api import AirflowApi


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    passing = Clock()
    monkeypatch.setattr(flow, "time", passing)
    return passing


def _api(states: list[str]) -> Mock:
    """An Airflow whose run has these states, one a second."""
    api: Mock = create_autospec(AirflowApi, instance=True)
    api.run.side_effect = [{"state": state} for state in states]
    api.task_instances.return_value = [{"task_id": "plan", "state": "success"}, {"task_id": "gold", "state": "running"}]
    return api


def test_a_run_is_awaited_every_second_and_its_tasks_are_asked_for_every_five(clock: Clock) -> None:
    told: list[str] = []
    api = _api(["running"] * 11 + ["success"])
    flow.see_through(api, "build_daily", "run", told.append)
    assert clock.now_s == 11, "over within a second of its end"
    assert told == ["1/2 tasks, gold"] * 3, "at 0, 5 and 10 seconds"
    assert api.task_instances.call_count == 3


def test_a_failed_run_names_its_failed_tasks() -> None:
    api = _api(["running", "failed"])
    api.task_instances.return_value = [{"task_id": "plan", "state": "success"}, {"task_id": "gold", "state": "failed"}]
    with pytest.raises(StackError, match="build_daily run failed in gold"):
        flow.see_through(api, "build_daily", "run", lambda _: None)
