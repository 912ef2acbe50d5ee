"""Work beside landing: it is started again when it fails, and ends when it is told to."""

from __future__ import annotations

import logging
import threading

import pytest

from playhead.errors import SettingsError
from playhead.jobs.keep import start_keeping


def test_keep__what_fails_is_logged_and_started_again_until_it_is_told_to_end(caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    outcomes = iter([SettingsError("rule 1 is wrong"), RuntimeError("lost"), None])
    failed: list[str] = []
    runs = 0

    def run() -> None:
        nonlocal runs
        runs += 1
        outcome = next(outcomes, None)
        if outcome is not None:
            raise outcome
        if runs == 4:
            stop.set()

    with caplog.at_level(logging.ERROR):
        start_keeping("alerts", run, stop, failed.append, first_wait_s=0.01).join(10)
    assert runs == 4
    assert failed == ["alerts", "alerts"]
    told = [(record.getMessage(), record.exc_info is not None) for record in caplog.records]
    assert told == [
        ("alerts failed and is started again in 0 s, landing goes on: rule 1 is wrong", False),
        ("alerts failed and is started again in 0 s, landing goes on", True),
    ]
