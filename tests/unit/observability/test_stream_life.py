"""The life of a streaming app: what it tells while it lives, why it ended, and what the next one makes of an end that nobody told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from playhead.errors import BrokerError, PastError, StackError
from playhead.local.processes import wait_until
from playhead.observability.heartbeat import Heartbeat, check_heartbeat, heartbeat_path, require_heartbeat, write_heartbeat
from playhead.observability.stream_life import StreamLife, note_refusal, reason_of


def die_of(home: Path, error: Exception) -> Heartbeat:
    with pytest.raises(type(error)), StreamLife(home):
        raise error
    return require_heartbeat(home)


def test_an_end_that_was_asked_for_counts_as_none(tmp_path: Path) -> None:
    with StreamLife(tmp_path):
        assert require_heartbeat(tmp_path).ended_at is None
    beat = require_heartbeat(tmp_path)
    assert (beat.ended_at is not None, beat.ended_because, beat.stops) == (True, "", {})


def test_an_end_by_an_error_is_told_with_its_reason(tmp_path: Path) -> None:
    beat = die_of(tmp_path, PastError("the table was restored"))
    assert (beat.ended_because, beat.stops) == ("different_past", {"different_past": 1})


def test_an_end_that_nobody_told_counts_when_the_next_app_starts(tmp_path: Path) -> None:
    die_of(tmp_path, StackError("no Java"))
    StreamLife(tmp_path).batch_done(7, 10, 500)  # it writes, and is never heard of again
    with StreamLife(tmp_path):
        beat = require_heartbeat(tmp_path)
    assert (beat.stops, beat.ended_because, beat.rows_total) == ({"other": 1, "crashed": 1}, "", 0)


def test_the_first_app_of_a_home_follows_no_other(tmp_path: Path) -> None:
    with StreamLife(tmp_path):
        assert require_heartbeat(tmp_path).stops == {}


def test_a_torn_heartbeat_keeps_no_app_from_starting(tmp_path: Path) -> None:
    heartbeat_path(tmp_path).parent.mkdir()
    heartbeat_path(tmp_path).write_text("{")
    with StreamLife(tmp_path):
        assert require_heartbeat(tmp_path).stops == {}


def test_a_disk_that_is_full_hides_no_other_error(tmp_path: Path) -> None:
    directory = heartbeat_path(tmp_path).parent

    def run_out_of_room() -> None:
        heartbeat_path(tmp_path).unlink()
        directory.rmdir()
        directory.write_text("no directory can be made here any more")
        raise BrokerError("no broker answers")

    with pytest.raises(BrokerError), StreamLife(tmp_path):
        run_out_of_room()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PastError("restored"), "different_past"),
        (BrokerError("gone"), "no_broker"),
        (RuntimeError("... set the source option failOnDataLoss to false"), "records_expired"),
        (OSError(28, "No space left on device"), "disk_full"),
        (RuntimeError("java.io.IOException: Input/output error"), "disk_failed"),
        (RuntimeError("something else"), "other"),
    ],
)
def test_reasons_are_few(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason


def test_an_app_that_has_no_engine_yet_is_not_healthy(tmp_path: Path) -> None:
    with StreamLife(tmp_path) as life:
        with pytest.raises(StackError, match="is starting"):
            check_heartbeat(tmp_path)
        life.ready()
        check_heartbeat(tmp_path)


def test_failures_of_work_beside_are_counted(tmp_path: Path) -> None:
    with StreamLife(tmp_path) as life:
        life.work_failed("live")
        life.work_failed("live")
        assert require_heartbeat(tmp_path).failures == {"live": 2}


def test_it_beats_though_no_batch_comes(tmp_path: Path) -> None:
    with StreamLife(tmp_path, beat_s=0.01):
        first = require_heartbeat(tmp_path).updated_at
        wait_until(lambda: require_heartbeat(tmp_path).updated_at > first, lambda: True, "a beat", tmp_path / "log", 10)


def test_an_app_that_is_refused_leaves_the_others_heartbeat_alone(tmp_path: Path) -> None:
    with StreamLife(tmp_path):
        before = heartbeat_path(tmp_path).read_text()
        note_refusal(tmp_path)
        assert heartbeat_path(tmp_path).read_text() == before


def test_a_silence_that_was_too_long_is_told_by_the_next_app_that_is_ready(tmp_path: Path) -> None:
    with StreamLife(tmp_path) as life:
        life.ready()
    first = require_heartbeat(tmp_path)
    assert (first.alive_at is not None, first.silent_from) == (True, None)
    long_ago = "2026-03-03T05:00:00.000+00:00"
    write_heartbeat(heartbeat_path(tmp_path), replace(first, alive_at=long_ago))
    with StreamLife(tmp_path) as life:
        assert require_heartbeat(tmp_path).alive_at == long_ago, "it is not ready yet"
        life.ready()
        second = require_heartbeat(tmp_path)
    assert (second.silent_from, second.silent_until) == (long_ago, second.alive_at)
    with StreamLife(tmp_path) as life:
        life.ready()
    assert require_heartbeat(tmp_path).silent_from == long_ago, "it is told on"
