"""When the streaming app needs a new start, and when it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from playhead.errors import BrokerError
from playhead.observability.heartbeat import STALE_AFTER, Heartbeat, heartbeat_path, write_heartbeat
from playhead.observability.stream_trouble import DOWN_FOR, READY_WITHIN, STUCK_AFTER, Position, StreamWatch

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
IDLE = Position({}, 0)


def beat(home: Path, at: datetime, *, started: datetime = NOW, ready: bool = True, ended: str | None = None, because: str = "") -> None:
    told = Heartbeat(at.isoformat(), started.isoformat(), 1, 1, 1, 1.0, None, ended_at=ended, ended_because=because, is_ready=ready)
    write_heartbeat(heartbeat_path(home), told)


def kind(home: Path, now: datetime) -> str | None:
    trouble = StreamWatch(home, lambda: IDLE).look(now)
    return None if trouble is None else trouble.kind


def test_where_none_ever_ran_there_is_no_trouble(tmp_path: Path) -> None:
    assert kind(tmp_path, NOW) is None


def test_an_app_without_a_sign_of_life_is_silent(tmp_path: Path) -> None:
    beat(tmp_path, NOW)
    assert kind(tmp_path, NOW + STALE_AFTER) is None
    assert kind(tmp_path, NOW + STALE_AFTER + SECOND) == "silent"


def test_an_app_may_take_its_time_to_start_but_not_for_ever(tmp_path: Path) -> None:
    beat(tmp_path, NOW + READY_WITHIN, ready=False)
    assert kind(tmp_path, NOW + READY_WITHIN) is None
    assert kind(tmp_path, NOW + READY_WITHIN + SECOND) == "starting"


def test_an_app_that_ended_by_itself_is_the_supervisors_first_and_then_down(tmp_path: Path) -> None:
    beat(tmp_path, NOW, ended=NOW.isoformat(), because="no_broker")
    assert kind(tmp_path, NOW + DOWN_FOR) is None
    assert kind(tmp_path, NOW + DOWN_FOR + SECOND) == "down"


def test_an_app_that_was_asked_to_end_is_left_alone(tmp_path: Path) -> None:
    beat(tmp_path, NOW, ended=NOW.isoformat())
    assert kind(tmp_path, NOW + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ([Position(1, 9), Position(1, 9)], "stuck"),
        ([Position(1, 9), Position(2, 9)], None),
        ([Position(1, 0), Position(1, 0)], None),
        ([Position(1, 9), None], None),
    ],
    ids=["nothing lands", "it lands, if slowly", "nothing waits", "no broker answers"],
)
def test_records_that_wait_while_nothing_lands_are_an_app_that_is_stuck(
    tmp_path: Path, positions: list[Position | None], expected: str | None
) -> None:
    left = list(positions)

    def position() -> Position:
        found = left.pop(0)
        if found is None:
            raise BrokerError("no answer")
        return found

    watch = StreamWatch(tmp_path, position)
    beat(tmp_path, NOW)
    assert watch.look(NOW) is None
    beat(tmp_path, NOW + STUCK_AFTER)
    trouble = watch.look(NOW + STUCK_AFTER)
    assert (None if trouble is None else trouble.kind) == expected
