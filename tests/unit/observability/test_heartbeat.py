"""The heartbeat: fresh is a summary, stale or absent is an error with the next step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from playhead.errors import StackError
from playhead.observability.heartbeat import (
    STALE_AFTER,
    Heartbeat,
    check_heartbeat,
    heartbeat_path,
    require_heartbeat,
    write_heartbeat,
)

BEAT_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    beat = Heartbeat(BEAT_AT.isoformat(), BEAT_AT.isoformat(), 3, 10, 500, 20.0, BEAT_AT.isoformat())
    write_heartbeat(heartbeat_path(tmp_path), beat)
    return tmp_path


def test_heartbeat__fresh_tells_what_the_last_batch_did(home: Path) -> None:
    told = check_heartbeat(home, now=BEAT_AT + STALE_AFTER)
    assert (told["batch_id"], told["batch_rows"], told["age_s"]) == (3, 10, 90.0)


def test_heartbeat__stale_is_an_error_with_the_next_step(home: Path) -> None:
    with pytest.raises(StackError, match=r"91 s old .* restart it with `playhead up stream`"):
        check_heartbeat(home, now=BEAT_AT + STALE_AFTER + timedelta(seconds=1))


def test_heartbeat__of_an_app_that_ended_by_itself_is_an_error_with_the_reason(home: Path) -> None:
    ended = replace(require_heartbeat(home), ended_at=BEAT_AT.isoformat(), ended_because="disk_full")
    write_heartbeat(heartbeat_path(home), ended)
    with pytest.raises(StackError, match=r"ended at .* \(disk_full\); read `playhead logs stream`"):
        check_heartbeat(home, now=BEAT_AT)


def test_heartbeat__absent_is_an_error_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="never run here"):
        check_heartbeat(tmp_path)
