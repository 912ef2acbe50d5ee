"""The digest's process: started when due, one at a time, again after a while, and ended when it takes too long."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from playhead.watcher.morning import Morning

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
QUICK = (sys.executable, "-c", "")
HANGS = (sys.executable, "-c", "import time; time.sleep(600)")


@pytest.fixture
def hanging() -> Iterator[Morning]:
    morning = Morning(lambda _: True, HANGS)
    yield morning
    morning.end()


def test_nothing_is_started_before_it_is_due() -> None:
    morning = Morning(lambda now: now > NOW, QUICK)
    assert not morning.look(NOW)
    assert morning.look(NOW + timedelta(seconds=30))


def test_one_that_is_under_way_is_left_alone_and_ended_when_it_takes_too_long(hanging: Morning) -> None:
    assert hanging.look(NOW)
    assert not hanging.look(NOW + timedelta(minutes=4))
    assert not hanging.look(NOW + timedelta(minutes=6)), "ended now"
    assert hanging.look(NOW + timedelta(minutes=7)), "and started anew"


def test_one_that_failed_is_not_started_again_at_once() -> None:
    morning = Morning(lambda _: True, (sys.executable, "-c", "raise SystemExit(3)"))
    assert morning.look(NOW)
    assert not morning.look(NOW + timedelta(seconds=90))
    morning.end()
    assert morning.look(NOW + timedelta(minutes=2))
