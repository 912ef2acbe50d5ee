"""CMCD reports into events. cmcd_hls_1_7_4.txt holds what hls.js 1.7.4 really sent: a play with a seek and a pause, one with a stall, one
that failed before its first frame."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from playhead.events.clients import Client, guess_device, rendition
from playhead.events.cmcd import Outcome, map_report, settle
from playhead.events.cmcd_play import History, event_id
from playhead.events.cmcd_report import Report, parse_report
from playhead.events.validation import Fault, find_faults

LINES = (Path(__file__).parent / "cmcd_hls_1_7_4.txt").read_bytes().splitlines()
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36"
CLIENT = Client("203.0.113.7", CHROME, "2026-11-24T06:25:00.000Z")
TITLE = {"content_title": "Test picture", "content_type": "short_form", "content_duration": 20}
SEEKING, STALLING, FAILING = "fe097a91", "de97d8f2", "d72e6507"
START = 1_795_501_449_000


def reports_of(play: str) -> list[Report]:
    reports = [parse_report(line) for line in LINES]
    return [r for r in reports if isinstance(r, Report) and r.sid.startswith(play)]


def report(sn: int, state: str | None = None, *, at: int, event: str = "ps", **more: Any) -> Report:
    return Report("play-1", sn, START + at, event, "title-1", state, **more)


def map_all(reports: list[Report]) -> list[Outcome]:
    """Maps reports in the order given, as the collector does: each with what is known by then."""
    history = History()
    outcomes = []
    for each in reports:
        outcomes.append(map_report(each, CLIENT, TITLE, history))
        history = history.with_report(each.sn, outcomes[-1].transition)
    return outcomes


def events_of(reports: list[Report]) -> list[dict[str, Any]]:
    return [event for outcome in map_all(reports) for event in outcome.events]


def said(event: dict[str, Any], *columns: str) -> tuple[Any, ...]:
    return (event["event_type"], *(event.get(column) for column in columns))


def test_cmcd__real_play_with_seek_and_pause() -> None:
    outcomes = map_all(reports_of(SEEKING))
    assert [(outcome.ignored, [e["event_type"] for e in outcome.events]) for outcome in outcomes] == [
        (None, ["session_heartbeat"]),  # sn 0, before any state is known
        ("preload", []),
        (None, ["video_play"]),  # s: the request
        ("first_rendition", []),
        (None, ["video_play"]),  # p: started
        (None, ["video_seek"]),
        ("held", []),  # r: waits for its length
        (None, ["video_buffer"]),  # p: told it
        (None, ["session_heartbeat"]),
        (None, ["video_pause"]),
        (None, ["video_play"]),  # p: resumed
        (None, ["session_heartbeat"]),
        (None, ["video_complete"]),
    ]
    request, started, seek, wait, pause, resumed, complete = [
        e for o in outcomes for e in o.events if e["event_type"] != "session_heartbeat"
    ]
    assert said(request, "startup_time", "video_quality", "bitrate") == ("video_play", None, "auto", None)
    # s at ….941, p at ….259 of the next second: 318 ms
    assert said(started, "startup_time", "video_quality", "bitrate") == ("video_play", 0.318, "360p", 840)
    # Playing from position 7 ms for 450259 -> 453439 = 3180 ms, so the seek left from 3187 ms.
    assert said(seek, "seek_from_position", "seek_to_position") == ("video_seek", 3.187, 12.0)
    assert said(wait, "buffer_duration", "event_timestamp") == ("video_buffer", 0.06, "2026-11-24T06:24:13.440Z")
    assert said(pause, "playback_position") == ("video_pause", 14)
    assert said(resumed, "startup_time") == ("video_play", None)
    assert said(complete, "playback_position") == ("video_complete", 20)


def test_cmcd__real_play_with_a_stall() -> None:
    stalls = [e for e in events_of(reports_of(STALLING)) if e["event_type"] == "video_buffer"]
    # r at 460330, p at 463901: 3571 ms; the page itself measured 3570.9 ms.
    assert [said(e, "buffer_duration", "event_timestamp", "playback_position") for e in stalls] == [
        ("video_buffer", 3.571, "2026-11-24T06:24:20.330Z", 9)
    ]


def test_cmcd__real_play_that_fails_is_one_fatal_error_with_its_code() -> None:
    outcomes = map_all(reports_of(FAILING))
    errors = [e for o in outcomes for e in o.events if e["event_type"] == "video_error"]
    assert [said(e, "fatal", "error_code") for e in errors] == [("video_error", True, "manifestLoadError")]
    assert outcomes[-1].released == (3,), "the state change that was held is settled by the error report"


def test_cmcd__every_event_of_real_plays_keeps_its_contract() -> None:
    for play in (SEEKING, STALLING, FAILING):
        for event in events_of(reports_of(play)):
            assert find_faults(event) == [], event


@pytest.mark.parametrize("order", list(itertools.permutations(range(5))))
def test_cmcd__order_of_arrival_changes_nothing(order: tuple[int, ...]) -> None:
    """Reports travel in requests of their own and overtake each other: seen with a real player at its first cross-origin request."""
    sent = [
        report(0, "s", at=0, position_ms=0),
        report(1, "s", at=100, position_ms=0, event="bc", bitrate_kbps=800),
        report(2, "p", at=400, position_ms=0),
        report(3, "r", at=5000, position_ms=4600),
        report(4, "p", at=7500, position_ms=4600),
    ]
    events = sorted(events_of([sent[i] for i in order]), key=lambda e: str(e["event_timestamp"]))
    assert [said(e, "cmcd_sn", "startup_time", "buffer_duration") for e in events] == [
        ("video_play", 0, None, None),
        ("video_play", 2, 0.4, None),
        ("video_buffer", 3, None, 2.5),
    ]


def test_cmcd__a_retry_says_the_same() -> None:
    sent = [report(0, "s", at=0), report(1, "p", at=400), report(2, "r", at=5000), report(3, "p", at=7500), report(4, "e", at=9000)]
    once = events_of(sent)
    twice = events_of(sent + sent)
    assert [e for e in twice if e not in once] == []
    assert {e["event_id"] for e in twice} == {e["event_id"] for e in once}


def test_cmcd__event_targets_count_apart() -> None:
    assert event_id("play-1", "qoe", 0) != event_id("play-1", "ads", 0) != event_id("play-2", "ads", 0)


def test_cmcd__stall_that_ends_in_a_pause_is_both() -> None:
    events = events_of([report(0, "s", at=0), report(1, "p", at=400), report(2, "r", at=5000), report(3, "a", at=6000)])
    assert [said(e, "buffer_duration") for e in events[2:]] == [("video_buffer", 1.0), ("video_pause", None)]


def test_cmcd__start_delay_that_the_player_reports_wins_over_the_states() -> None:
    events = events_of([report(0, "s", at=0), report(1, "p", at=400, start_delay_ms=380)])
    assert said(events[1], "startup_time") == ("video_play", 0.38)


def test_cmcd__start_delay_on_a_timer_report_is_told_too() -> None:
    events = events_of([report(0, "p", at=400), report(1, "p", at=1000, event="t", start_delay_ms=380)])
    assert [said(e, "startup_time") for e in events] == [("video_play", None), ("session_heartbeat", None), ("video_play", 0.38)]
    assert len({e["event_id"] for e in events}) == 3


def test_cmcd__stalls_reported_as_durations_only() -> None:
    """A player that sends bsd but no rebuffering state: two stalls, end to end before the report."""
    events = events_of([report(0, "p", at=0), report(1, "p", at=9000, event="t", stalls_ms=(1000, 500))])
    stalls = [(e["buffer_duration"], e["event_timestamp"]) for e in events if e["event_type"] == "video_buffer"]
    # 9000 - 500 = 8500; 8500 - 1000 = 7500
    assert stalls == [(0.5, "2026-11-24T06:24:17.500Z"), (1.0, "2026-11-24T06:24:16.500Z")]


def test_cmcd__duration_of_a_stall_that_a_state_told_is_not_a_second_stall() -> None:
    events = events_of([report(0, "p", at=0), report(1, "r", at=5000), report(2, "p", at=6000, stalls_ms=(1000,))])
    assert [said(e, "buffer_duration") for e in events if e["event_type"] == "video_buffer"] == [("video_buffer", 1.0)]


def test_cmcd__a_pause_before_the_first_frame_is_no_startup_time() -> None:
    events = events_of([report(0, "s", at=0), report(1, "a", at=300), report(2, "s", at=5000), report(3, "p", at=5200)])
    assert said(events[-1], "startup_time") == ("video_play", 0.5)  # 300 + 200 ms


def test_cmcd__position_is_the_time_played_where_none_is_reported() -> None:
    events = events_of(
        [report(0, "s", at=0), report(1, "p", at=400), report(2, "a", at=5400), report(3, "p", at=9000), report(4, "q", at=11000)]
    )
    assert [said(e, "playback_position") for e in events[2:]] == [("video_pause", 5), ("video_play", 5), ("video_stop", 7)]  # 5, then 5 + 2


def test_cmcd__position_is_never_beyond_the_title() -> None:
    (event,) = events_of([report(0, "e", at=0, position_ms=21_000)])  # media often runs a little over its stated 20 s
    assert said(event, "playback_position") == ("video_complete", 20)
    assert find_faults(event) == []


@pytest.mark.parametrize(
    ("each", "reason"),
    [
        (report(3, at=9000, event="rr"), "response_received"),
        (report(3, at=9000, event="ae"), "ad_without_identity"),
        (report(3, at=9000, event="pr"), "playback_rate"),
        (report(3, at=9000, event="ce", custom_name="liked"), "custom_event"),
        (report(3, at=9000, event="zz"), "unknown_event"),
        (report(3, "z", at=9000), "unknown_state"),
        (report(3, "e", at=9000), "unchanged_state"),
        (report(3, "e", at=9000, event="t"), "after_end"),
    ],
)
def test_cmcd__what_no_event_says_is_ignored_with_a_reason(each: Report, reason: str) -> None:
    outcome = map_all([report(0, "s", at=0), report(1, "p", at=400), report(2, "e", at=8000), each])[-1]
    assert (outcome.events, outcome.ignored) == ((), reason)


def test_cmcd__custom_event_stop_ends_the_play() -> None:
    events = events_of([report(0, "p", at=0), report(1, "p", at=4000, event="ce", custom_name="stop")])
    assert said(events[-1], "playback_position") == ("video_stop", 4)


def test_cmcd__silent_player_leaves_its_stall_as_long_as_it_was_heard() -> None:
    held = map_all([report(0, "p", at=0), report(1, "r", at=5000)])[-1].transition
    assert held is not None
    event = settle(held, History([held]), START + 8000)  # a timer report came 3 s into the stall, then nothing
    assert event is not None
    assert said(event, "buffer_duration", "event_id") == ("video_buffer", 3.0, event_id("play-1", "", 1))
    assert find_faults(event) == []


def test_cmcd__page_keys_name_the_viewer() -> None:
    line = (
        b'cdn="east",cid="title-1",e=ps,playhead-device="d1",playhead-session="s1",playhead-user="u1",'
        b'sid="p",sn=0,sta=s,ts=1795501449931,v=2'
    )
    parsed = parse_report(line)
    assert isinstance(parsed, Report)
    event = map_report(parsed, CLIENT, TITLE, History()).events[0]
    assert said(event, "user_id", "session_id", "device_id", "cdn", "playback_id") == ("video_play", "u1", "s1", "d1", "east", "p")


def test_cmcd__without_page_keys_the_session_is_the_play_and_the_device_a_pseudonym() -> None:
    event = events_of([report(0, "s", at=0)])[0]
    assert said(event, "user_id", "session_id", "app_version") == ("video_play", None, "play-1", "unknown")
    assert event["device_id"] == CLIENT.pseudonym()
    assert CLIENT.address not in event["device_id"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'sid="x', "malformed_cmcd"),
        (b"\xff", "malformed_cmcd"),
        (b"a=" + b"1" * 20_000, "malformed_cmcd"),
        (b'cid="t",e=ps,sid="x",sn=0,ts=1', "unsupported_version"),
        (b'cid="t",e=ps,sn=0,ts=1,v=2', "required:sid"),
        (b'cid="t",e=ps,sid="x",ts=1,v=2', "required:sn"),
        (b'cid="t",e=ps,sid="x",sn=-1,ts=1,v=2', "mistyped"),
        (b'cid="t",e=ps,sid="x",sn=0,ts=999999999999999,v=2', "mistyped"),
        (b'cid="t",e=ps,sid="x",sn=0,ts=1,br=(fast),v=2', "mistyped"),
        (b'cid="t",e=ps,sid="x",sn=0,ts=1.5,v=2', "mistyped"),
        (b'cid="t",e=ps,sid="x",sn=0,ts="1",v=2', "mistyped"),
        (b'cid="t",e=ps,sid="x",sn=0,ts=1,br=nan,v=2', "mistyped"),
        (b'cid="t",e=ps,sid="x",sn=0,ts=1,bsd=(inf),v=2', "mistyped"),
        (b'cid="t",e=ps,sid="x",sn=0,ts=1,bsd=(?1),v=2', "mistyped"),
        (b'cid="t",e=ps,sid="x",sn=0,ts=1,bsd=(999999999999999),v=2', "mistyped"),
        (b'cid="",e=ps,sid="x",sn=0,ts=1,v=2', "mistyped"),
    ],
)
def test_cmcd__unreadable_lines_are_refused_with_a_reason(line: bytes, code: str) -> None:
    fault = parse_report(line)
    assert isinstance(fault, Fault)
    assert fault.code == code


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (CHROME, ("desktop", "web")),
        ("Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", ("mobile", "web")),
        ("Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15", ("tablet", "web")),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/537.36", ("tv", "web")),
        ("Mozilla/5.0 (PlayStation 5 8.20) AppleWebKit/605.1.15", ("gaming_console", "web")),
        ("Roku/DVP-14.0", ("tv", "roku")),
    ],
)
def test_clients__device_from_the_user_agent(user_agent: str, device: tuple[str, str]) -> None:
    assert guess_device(user_agent) == device


def test_clients__rendition_from_the_bitrate() -> None:
    assert [rendition(kbps) for kbps in (None, 145, 300, 840, 1600, 3000, 7800, 60_000)] == [
        "auto",
        "144p",
        "240p",
        "360p",
        "480p",
        "720p",
        "1080p",
        "8k",
    ]
