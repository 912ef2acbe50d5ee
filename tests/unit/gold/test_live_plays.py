"""The minutes of a group of plays, worked by hand: whatever comes late or twice, the rows end up the same."""

from __future__ import annotations

import json
from itertools import count, permutations
from typing import Any

import pytest

from playhead.gold import live_plays
from playhead.gold.live_plays import MINUTE_MS, Counts, LivePlays
from playhead.gold.play_state import LiveEvent
from playhead.silver import play_clock

_NUMBER = count()


def s(clock: str) -> int:
    """`10:30` is half a minute after the tenth minute, in milliseconds."""
    minutes, seconds = clock.split(":")
    return int(minutes) * MINUTE_MS + int(seconds) * 1000


def event(clock: str, event_type: str = "video_play", playback_id: str | None = "p", **fields: Any) -> LiveEvent:
    return LiveEvent(s(clock), event_type, f"e{next(_NUMBER)}", playback_id, **fields)


class Group:
    """A group of viewers, and the newest row of each of its minutes, as the table keeps them."""

    def __init__(self) -> None:
        self._kept: str | None = None
        self.table: dict[int, dict[str, Any]] = {}
        self.written: list[int] = []

    def take(self, *events: LiveEvent) -> Group:
        return self._keep("take", events)

    def close(self, clock: str) -> Group:
        return self._keep("close", s(clock))

    def _keep(self, call: str, given: Any) -> Group:
        live = LivePlays.from_json(self._kept)  # as from the store, each time
        rows = getattr(live, call)(given)
        self._kept = live.as_json()
        self.written = [row["minute_ms"] // MINUTE_MS for row in rows]
        for row in rows:
            held = self.table.get(row["minute_ms"] // MINUTE_MS)
            assert held is None or not held["is_final"], "a final row changes no more"
            self.table[row["minute_ms"] // MINUTE_MS] = row
        return self

    @property
    def plays(self) -> list[str]:
        return list(json.loads(self._kept or "{}")["plays"])

    @property
    def counts(self) -> Counts:
        return LivePlays.from_json(self._kept).counts

    def told(self, name: str) -> dict[int, int]:
        return {minute: row[name] for minute, row in sorted(self.table.items())}


def test_take__a_play_is_open_from_its_first_event_until_its_end() -> None:
    group = Group().take(event("10:15"), event("11:00", "video_pause"), event("12:20", "video_stop"))
    assert group.told("open_count") == {10: 1, 11: 1, 12: 0}
    assert group.told("plays_count") == {10: 1, 11: 0, 12: 0}
    # 45 s of the tenth minute, the whole eleventh, 20 s of the twelfth.
    assert group.told("open_ms") == {10: 45_000, 11: 60_000, 12: 20_000}


def test_take__a_late_start_corrects_the_minutes_after_it() -> None:
    group = Group().take(event("10:15", playback_id="a"), event("12:00", playback_id="b"))
    assert group.told("open_count") == {10: 1, 11: 1, 12: 2}
    group.take(event("11:30", playback_id="c"))
    assert group.written == [11, 12]
    assert group.told("open_count") == {10: 1, 11: 2, 12: 3}
    assert group.told("plays_count") == {10: 1, 11: 1, 12: 1}
    assert group.told("open_ms") == {10: 45_000, 11: 90_000, 12: 180_000}


def test_take__an_end_that_comes_before_its_start() -> None:
    group = Group().take(event("12:10", "video_stop"))
    assert (group.told("open_count"), group.told("plays_count")) == ({12: 0}, {12: 0})
    group.take(event("10:30"))
    assert group.told("open_count") == {10: 1, 11: 1, 12: 0}
    assert group.told("plays_count") == {10: 1, 11: 0, 12: 0}
    assert group.told("open_ms") == {10: 30_000, 11: 60_000, 12: 10_000}


def test_take__the_order_of_arrival_makes_no_difference() -> None:
    events = [
        event("10:10"),
        event("10:40", "video_stop"),
        event("11:20"),
        event("12:30", "video_complete"),
        event("12:50", "video_stop"),
    ]
    tables = []
    for order in permutations(events):
        group = Group()
        for one in order:
            group.take(one)
        tables.append(group.close("20:00").table)
    kept = [{minute: {name: told for name, told in row.items() if name != "revision"} for minute, row in table.items()} for table in tables]
    assert all(table == kept[0] for table in kept)
    # A play that begins again within what is kept was open throughout.
    assert {minute: row["open_count"] for minute, row in kept[0].items()} == {10: 1, 11: 1, 12: 0}


def test_take__what_comes_twice_is_counted_once() -> None:
    events = [
        event("10:00"),
        event("10:10", "video_buffer", stall_ms=3_000),
        event("10:20", "ad_impression"),
        event("10:25", "ad_error", None),
        event("10:30", "video_error", is_fatal=True),
    ]
    group = Group().take(*events).take(*events, *events)
    assert group.written == []
    (row,) = group.table.values()
    assert {name: row[name] for name in live_plays._SHOWN} == {
        "plays_count": 1,
        "failed_count": 1,
        "stall_count": 1,
        "stall_ms": 3_000,
        "ad_impressions_count": 1,
        "ad_errors_count": 1,
    }
    assert row["open_count"] == 0


def test_take__an_error_that_is_not_fatal_ends_nothing() -> None:
    group = Group().take(event("10:00"), event("10:30", "video_error", is_fatal=False), event("10:40", "video_error"))
    assert (group.told("failed_count"), group.told("open_count")) == ({10: 0}, {10: 1})


def test_take__waiting_after_a_seek_is_no_stall() -> None:
    group = Group().take(event("10:00"), event("10:10", "video_seek"), event("10:12", "video_buffer", stall_ms=900))
    assert group.told("stall_ms") == {10: 0}
    group.take(event("10:13", "video_buffer", stall_ms=700))
    assert group.told("stall_ms") == {10: 700}
    assert live_plays.SEEK_WAIT_MS == play_clock.SEEK_WAIT_MS


def test_close__a_final_minute_is_added_to_what_was_before() -> None:
    group = Group().take(event("10:00", playback_id="a"), event("11:00", playback_id="b")).close("11:30")
    assert group.written == [10]
    assert {minute: row["is_final"] for minute, row in group.table.items()} == {10: True, 11: False}
    group.take(event("12:00", "video_stop", playback_id="a"), event("10:30", playback_id="too_late"), event("10:40", "ad_error"))
    assert group.told("open_count") == {10: 1, 11: 2, 12: 1}


def test_close__quiet_minutes_have_rows_while_a_play_is_open() -> None:
    group = Group().take(event("10:00")).close("14:59")
    assert group.written == [10, 11, 12, 13]
    assert group.told("open_count") == dict.fromkeys((10, 11, 12, 13), 1)
    group.take(event("14:30", "video_stop")).close("30:00")
    assert group.told("open_count") == {10: 1, 11: 1, 12: 1, 13: 1, 14: 0}
    assert group.counts.open_before == 0


def test_take__quiet_minutes_before_an_event_are_shown_with_it() -> None:
    group = Group().take(event("10:00"), event("11:00", "video_pause"))
    group.take(event("13:00", playback_id="other"))
    assert group.written == [11, 12, 13], "a pause changes no count"
    group.close("14:00").take(event("15:30", playback_id="third"))
    assert group.written == [14, 15]
    assert group.told("open_count") == {10: 1, 11: 1, 12: 1, 13: 2, 14: 2, 15: 3}


def test_close__a_minute_that_was_shown_becomes_final_also_when_nothing_is_left_of_it() -> None:
    group = Group().take(event("10:00"), event("12:00", playback_id="other"))
    assert group.told("open_count") == {10: 1, 11: 1, 12: 2}
    group.take(event("10:40", "video_stop")).close("14:00")
    assert group.told("open_count") == {10: 0, 11: 0, 12: 1, 13: 1}
    assert all(group.told("is_final").values())


def test_close__a_silent_play_ends_an_hour_after_its_last_event() -> None:
    group = Group().take(event("10:00"), event("20:30", "video_pause"), event("21:00", playback_id="other")).close("60:00")
    group.take(event("70:00", "video_pause", playback_id="other"))
    group.close("200:00")
    told = group.told("open_count")
    assert (told[79], told[80], told[129], told[130], max(told)) == (2, 1, 1, 0, 130)
    assert group.table[80]["open_ms"] == 90_000  # the one throughout, the other for its first half
    assert (group.plays, group.counts.next_close_ms()) == ([], None)


def test_close__an_echo_does_not_open_a_play_again_and_a_request_does() -> None:
    group = Group().take(event("10:00"), event("10:30", "video_stop")).close("12:00")
    group.take(event("12:30", "video_pause"))
    assert group.written == []
    group.take(event("13:15"), event("14:00", "video_error", is_fatal=True)).close("16:00")
    assert group.told("open_count") == {10: 0, 13: 1, 14: 0}
    assert group.told("plays_count") == {10: 1, 13: 0, 14: 0}, "a replay is the same play"
    assert group.told("failed_count") == {10: 0, 13: 0, 14: 1}


def test_close__what_is_known_ends_with_the_hour_of_silence() -> None:
    group = Group().take(event("10:00"), event("10:30", "video_stop")).close("12:00")
    assert group.plays == ["p"]
    at = group.counts.least_seen_ms
    assert group.counts.next_close_ms() == s("71:00")
    assert at == s("10:30")
    group.close("71:00")
    assert (group.plays, group.counts.next_close_ms()) == ([], None)


def test_take__after_a_break_of_all_traffic_few_minutes_are_shown_and_the_others_when_they_are_final() -> None:
    group = Group().take(event("10:00")).take(event("90:00", playback_id="other"))
    assert group.written == list(range(81, 91))
    group.close("90:30")
    assert group.told("open_count")[69] == 1
    assert group.told("open_count")[70] == 0
    assert group.told("open_count")[90] == 1
    assert not group.table[90]["is_final"]


@pytest.mark.parametrize("moment", ["10:00", "12:30"])
def test_next_close__is_when_the_first_kept_minute_is_over(moment: str) -> None:
    group = Group().take(event(moment, "video_stop"))
    assert group.counts.next_close_ms() == s(moment) // MINUTE_MS * MINUTE_MS + MINUTE_MS
