"""What is read of a lake to judge its deadlines by: logs as builds leave them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playhead.deadlines.evidence import PENDING, REFUSED, Covering, Evidence, read_evidence
from playhead.deadlines.promises import promises
from playhead.io.load_record import record_load

NOW = datetime(2026, 3, 3, 12, 30, tzinfo=UTC)
BEGUN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
Tell = Callable[..., None]


def hour(number: int) -> datetime:
    return datetime(2026, 3, 3, number, tzinfo=UTC)


def read(lake: str, home: Path) -> Evidence:
    return read_evidence(lake, home, promises(), now=NOW)


def test_a_lake_without_events_promises_nothing(lake: str, tmp_path: Path) -> None:
    assert read(lake, tmp_path) == Evidence(None)


def test_a_lake_begins_when_its_first_event_lands(lake: str, tmp_path: Path, begin: Tell) -> None:
    begin(BEGUN)
    assert read(lake, tmp_path).begun == BEGUN


def test_a_lake_that_began_by_a_clock_ahead_of_ours_promises_nothing_yet(lake: str, tmp_path: Path, begin: Tell) -> None:
    begin(NOW + timedelta(seconds=1))
    assert read(lake, tmp_path) == Evidence(None)


def test_a_build_covers_what_was_there_when_it_was_planned(lake: str, tmp_path: Path, begin: Tell, build: Tell) -> None:
    begin(BEGUN)
    build(1, [], hour(5))
    told = read(lake, tmp_path).coverings
    assert told["silver.playbacks"] == told["gold.qoe_hourly"] == [Covering(hour(5), hour(5))]
    assert told["gold.user_daily"] == [], "the hourly build makes no daily table"


def test_hours_that_wait_and_partitions_that_the_gate_refused_are_held_back(
    lake: str, tmp_path: Path, begin: Tell, build: Tell, publish: Tell, judge: Tell
) -> None:
    begin(BEGUN)
    build(1, ["2026-03-03T04", "2026-03-03T05"], hour(9))
    publish({"silver.playbacks": ["2026-03-03T05"], "gold.user_daily": ["2026-03-02"]}, hour(6))
    judge({"silver.playbacks": ["2026-03-03T07"]}, hour(8), refused=True)
    judge({"gold.user_daily": ["2026-03-02"]}, hour(8), refused=True)
    held = read(lake, tmp_path).held
    assert held["silver.playbacks"] == {"2026-03-03T04": PENDING, "2026-03-03T07": REFUSED}
    assert held["gold.user_daily"] == {}, "what was published since it was over stays, though a later build of it was refused"


def test_hours_of_history_that_wait_are_nobodys_deadline(lake: str, tmp_path: Path, begin: Tell, build: Tell, publish: Tell) -> None:
    begin(BEGUN)
    build(1, ["2026-01-01T04"], hour(9))
    publish({"silver.playbacks": ["2026-03-03T05"]}, hour(6))
    assert read(lake, tmp_path).held["silver.playbacks"] == {}


def test_a_load_brings_what_the_daily_builds_before_it_had_made(lake: str, tmp_path: Path, begin: Tell, build: Tell) -> None:
    begin(BEGUN)
    record_load(lake, "loaded", at=hour(6).timestamp(), seconds=1.0, rows={})
    assert read(lake, tmp_path).coverings["ops.load_log"] == [], "loaded before any daily build"
    build(1, [], hour(5), dag="build_daily")
    build(2, [], hour(7), dag="build_daily")
    assert read(lake, tmp_path).coverings["ops.load_log"] == [Covering(hour(5), hour(6))]


def test_scores_are_covered_by_their_publishes(lake: str, tmp_path: Path, begin: Tell, publish: Tell) -> None:
    begin(BEGUN)
    publish({"gold.churn_scores": ["2026-03-02"]}, hour(4))
    assert read(lake, tmp_path).coverings["gold.churn_scores"] == [Covering(hour(4), hour(4))]


def test_an_app_that_starts_has_the_last_sign_of_life_of_the_one_before_it(lake: str, tmp_path: Path, begin: Tell, beat: Tell) -> None:
    begin(BEGUN)
    assert read(lake, tmp_path).coverings["bronze.events"] == []
    beat(tmp_path, hour(9))
    beat(tmp_path, hour(12), is_ready=False)
    told = read(lake, tmp_path)
    assert (told.coverings["bronze.events"], told.silence) == ([Covering(hour(9), hour(9))], None)
    beat(tmp_path, NOW)
    told = read(lake, tmp_path)
    assert (told.coverings["bronze.events"], told.silence) == ([Covering(NOW, NOW)], (hour(9), NOW))


def test_builds_before_the_window_are_not_read(lake: str, tmp_path: Path, begin: Tell, build: Tell) -> None:
    begin(NOW - timedelta(days=400))
    build(1, [], NOW - timedelta(days=40))
    build(2, [], NOW - timedelta(days=30))
    assert [each.done_at for each in read(lake, tmp_path).coverings["silver.playbacks"]] == [NOW - timedelta(days=30)]
