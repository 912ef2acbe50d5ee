"""Which alarm told of a fault: one that began to fire after the harm, whatever had fired before."""

from __future__ import annotations

import threading
import time
from unittest.mock import Mock

import pytest

from faults.alarms import Alarms


class Prometheus:
    """Fires what it is told to; `fires` waits until it has been asked for it twice."""

    def __init__(self) -> None:
        self.firing: tuple[str, ...] = ()
        self._asked = 0
        self._question = threading.Condition()

    def get(self, *_: object, **__: object) -> Mock:
        """What fires now, as Prometheus answers it."""
        with self._question:
            self._asked += 1
            self._question.notify_all()
            alerts = [{"labels": {"alertname": alert}, "state": "firing"} for alert in self.firing]
        answer = Mock()
        answer.raise_for_status.return_value.json.return_value = {"data": {"alerts": alerts}}
        return answer

    def fires(self, *alerts: str) -> None:
        """These fire from now on; returns when that was seen."""
        with self._question:
            self.firing, asked = alerts, self._asked
            assert self._question.wait_for(lambda: self._asked >= asked + 2, timeout=10)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> tuple[Prometheus, Alarms]:
    monkeypatch.setattr("faults.alarms._LOOK_S", 0.001)
    prometheus = Prometheus()
    return prometheus, Alarms(prometheus)  # type: ignore[arg-type]  # what of a client it asks


def test_an_alarm_that_fired_before_the_harm_tells_nothing_of_it(watched: tuple[Prometheus, Alarms]) -> None:
    prometheus, alarms = watched
    alarms.start()
    prometheus.fires("AirflowSilent")
    harm = time.monotonic()
    prometheus.fires("AirflowSilent")
    assert alarms.wait_for(["AirflowSilent", "StepDied"], harm, time.monotonic() + 0.01) is None

    prometheus.fires()
    prometheus.fires("AirflowSilent")

    alert, moment = alarms.wait_for(["AirflowSilent", "StepDied"], harm, time.monotonic() + 5) or ("", 0.0)
    alarms.end()
    assert alert == "AirflowSilent"
    assert moment >= harm
    assert alarms.first_seen["AirflowSilent"] < harm, "a run without any fault must not have it either"


def test_the_first_of_several_is_told(watched: tuple[Prometheus, Alarms]) -> None:
    prometheus, alarms = watched
    harm = time.monotonic()
    alarms.start()
    prometheus.fires("StepDied")
    prometheus.fires("StepDied", "StreamStopped")
    told = alarms.wait_for(["StreamStopped", "StepDied", "BrokerDown"], harm, time.monotonic() + 5)
    alarms.end()
    assert told is not None
    assert told[0] == "StepDied"
