"""The contract judged without Spark: one broken copy of a sound event per rule, each refused with the code bronze uses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from playhead.contracts.model import event_types
from playhead.contracts.shapes import Condition
from playhead.errors import ContractError
from playhead.events.conditions import compile_condition
from playhead.events.validation import DEEPEST, Fault, decode_event, find_faults, judge

PLAY: dict[str, Any] = {
    "event_id": "0b5a4c3e-1111-4222-8333-944455566677",
    "event_type": "video_play",
    "event_timestamp": "2026-11-24T05:45:17.123Z",
    "received_at": "2026-11-24T05:45:18.000Z",
    "schema_version": 1,
    "session_id": "s-1",
    "device_id": "d-1",
    "ip_address": "203.0.113.7",
    "user_agent": "Mozilla/5.0",
    "device_type": "tv",
    "platform": "web",
    "app_version": "1.0",
    "playback_id": "p-1",
    "video_id": "t-1",
    "content_title": "Title",
    "content_type": "movie",
    "content_duration": 100,
    "playback_position": 100,
    "video_quality": "1080p",
}
AD = {
    **{k: v for k, v in PLAY.items() if k not in {"playback_position", "video_quality", "content_title", "content_duration", "video_id"}},
    "event_type": "ad_impression",
    "ad_id": "a-1",
    "ad_type": "pre_roll",
    "ad_duration": 15,
    "ad_position": 0,
    "content_id": "t-1",
}


def codes(event: dict[str, Any]) -> list[str]:
    return [fault.code for fault in find_faults(event)]


def test_validation__sound_events_have_no_faults() -> None:
    assert codes(PLAY) == []
    assert codes(AD) == []


def test_validation__null_is_absent_and_unknown_fields_are_allowed() -> None:
    assert codes({**PLAY, "country": None, "cmcd_sn": 3}) == []
    assert codes({**PLAY, "device_id": None}) == ["required:device_id"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"event_type": None}, ["required:event_type"]),
        ({"event_type": "video_rewind"}, ["unknown_event_type"]),
        ({"event_type": ["video_play"]}, ["unknown_event_type", "mistyped"]),
        ({"playback_id": None, "video_id": None}, ["required:playback_id", "required:video_id"]),
        ({"playback_position": "12"}, ["mistyped"]),
        ({"playback_position": 12.0}, ["mistyped"]),
        ({"playback_position": True}, ["mistyped"]),
        ({"schema_version": 2**63}, ["mistyped"]),
        ({"content_title": 7}, ["mistyped"]),
        ({"fatal": "yes"}, ["mistyped"]),
        ({"bitrate": "800"}, ["mistyped"]),
        ({"bitrate": 10**400}, ["mistyped"]),
        ({"event_timestamp": "2026-11-24 05:45:17"}, ["mistyped"]),
        ({"event_timestamp": "2026-13-24T05:45:17Z"}, ["mistyped"]),
        ({"event_timestamp": 1795492836406}, ["mistyped"]),
        ({"event_timestamp": "2026-11-24T05:45:179Z"}, ["mistyped"]),  # digits after the seconds need a point
        ({"playback_position": -1}, ["range:playback_position"]),
        ({"bitrate": 0}, ["range:bitrate"]),  # exclusive minimum
        ({"latitude": 90.1}, ["range:latitude"]),
        ({"device_type": "fridge"}, ["enum:device_type"]),
        ({"event_timestamp": "1899-12-31T23:59:59Z"}, ["range:event_timestamp"]),
        ({"received_at": "9999-12-31T23:59:59Z"}, ["range:received_at"]),
        ({"sent_at": "2200-01-01T00:00:00Z"}, ["range:sent_at"]),
        ({"sent_at": "2199-12-31T23:59:59Z"}, []),
        ({"user_signup_date": "1899-12-31"}, ["range:user_signup_date"]),
        ({"session_id": ""}, ["length:session_id"]),
        ({"error_message": "x" * 4097}, ["length:error_message"]),
        ({"event_id": "0B5A4C3E-1111-4222-8333-944455566677"}, ["pattern:event_id"]),
        ({"country": "usa"}, ["pattern:country"]),
        ({"country": "DE\n"}, ["pattern:country"]),
        ({"playback_position": 101}, ["condition:position_within_duration"]),
        ({"event_timestamp": "2026-11-24T05:50:18.001Z"}, ["condition:not_in_the_future"]),
        ({"device_type": "fridge", "playback_position": -1}, ["enum:device_type", "range:playback_position"]),
        ({"event_type": "video_seek"}, ["required:seek_from_position", "required:seek_to_position"]),
        ({"event_type": "video_buffer"}, ["required:buffer_duration"]),
    ],
)
def test_validation__each_rule_has_its_code(change: dict[str, Any], expected: list[str]) -> None:
    assert sorted(codes({**PLAY, **change})) == sorted(expected)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"ad_price": 0.0125}, []),
        ({"ad_price": "0.0125"}, ["mistyped"]),
        ({"ad_price": 10**12}, ["mistyped"]),  # decimal(18,6) holds twelve digits before the point
        ({"ad_price": -1}, ["range:ad_price"]),
    ],
)
def test_validation__prices_are_decimals(change: dict[str, Any], expected: list[str]) -> None:
    assert codes({**AD, **change}) == expected


@pytest.mark.parametrize(("given", "read"), [(0.0125, "0.012500"), (0.0000005, "0.000001"), (0.1234564999, "0.123456"), (7, "7.000000")])
def test_validation__prices_are_rounded_half_up_once(given: float, read: str) -> None:
    assert str(judge({**AD, "ad_price": given}).values["ad_price"]) == read


def test_validation__exactly_five_minutes_ahead_is_not_the_future() -> None:
    assert codes({**PLAY, "event_timestamp": "2026-11-24T05:50:18.000Z"}) == []


def test_validation__an_offset_is_a_timestamp_too() -> None:
    assert codes({**PLAY, "event_timestamp": "2026-11-24T06:45:17.123+01:00"}) == []


def test_validation__every_condition_of_the_contracts_can_be_judged() -> None:
    for event_type in event_types().values():
        for condition in event_type.conditions:
            compile_condition(condition)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\xff{}", "invalid_utf8"),
        (b'{"a": "\\ud800"}', "invalid_utf8"),
        (b'{"a": ', "malformed_json"),
        (b'{"a": NaN}', "malformed_json"),
        (b'{"a": ' + b"9" * 5000 + b"}", "malformed_json"),
        (b"[" * 100_000, "malformed_json"),
        (b'{"a": ' + b"[" * DEEPEST + b"]" * DEEPEST + b"}", "malformed_json"),
        (b"", "malformed_json"),
        (b"[1]", "not_an_object"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'{"a": {"b": 1, "b": 2}}', "duplicate_key"),
    ],
)
def test_validation__bytes_that_are_no_event(raw: bytes, code: str) -> None:
    fault = decode_event(raw)
    assert isinstance(fault, Fault)
    assert fault.code == code


def test_validation__bytes_that_are_an_event() -> None:
    assert decode_event(json.dumps(PLAY).encode()) == PLAY


def test_validation__brackets_in_text_are_not_depth_and_as_deep_as_may_be_is_not_too_deep() -> None:
    assert decode_event(b'{"a": "' + rb"\"[" * 200 + b'"}') == {"a": '"[' * 200}
    assert not isinstance(decode_event(b'{"a": ' + b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1) + b"}"), Fault)


@pytest.mark.parametrize(
    ("expression", "row", "holds"),
    [
        ("a <= b", {"a": 1, "b": 1}, True),
        ("a < b", {"a": 1, "b": 1}, False),
        ("a <= b", {"a": 1}, False),  # NULL counts as broken
        ("a IS NULL OR a <= b", {"b": 1}, True),
        ("a IS NOT NULL AND a > 0", {"a": 1}, True),
        ("NOT (a = 'x')", {"a": "y"}, True),
        ("a <= b OR c = 1", {"c": 1}, True),  # NULL OR TRUE is TRUE
        ("a <= b AND c = 1", {"c": 1}, False),
        ("a <= b - 2", {"a": 1, "b": 3}, True),
    ],
)
def test_conditions__sql_logic(expression: str, row: dict[str, Any], holds: bool) -> None:
    assert compile_condition(Condition("c", expression, "", "consistency"))(row) is holds


def test_conditions__sql_that_cannot_be_judged_is_refused() -> None:
    with pytest.raises(ContractError, match=r"condition c .*cannot judge"):
        compile_condition(Condition("c", "length(a) > 3", "", "consistency"))
