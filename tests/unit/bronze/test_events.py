"""Kafka records to bronze rows: valid ones pass, every kind of bad one is kept with its reason and its bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from playhead.bronze.events import RECORD_SCHEMA, Landing, build_events
from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import event_types, field_dictionary, load_contract

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENVELOPE = {
    "event_id": "0c7b1f6e-2f7a-4b53-9a51-0d9a6d1f1a01",
    "event_timestamp": "2026-03-01T11:59:58.123Z",
    "received_at": "2026-03-01T11:59:59.000Z",
    "schema_version": 1,
    "session_id": "s1",
    "device_id": "d1",
    "ip_address": "192.0.2.1",
    "user_agent": "agent/1",
    "device_type": "tv",
    "platform": "roku",
    "app_version": "1.0",
}
PLAY = {
    "event_type": "video_play",
    "playback_id": "p1",
    "video_id": "v1",
    "content_title": "[REC]",
    "content_type": "movie",
    "content_duration": 600,
    "playback_position": 0,
    "video_quality": "720p",
}


def event(**changes: Any) -> dict[str, Any]:
    """A valid video_play; a field set to ... is left out."""
    return {name: value for name, value in {**ENVELOPE, **PLAY, **changes}.items() if value is not ...}


def land(values: Sequence[tuple[str, bytes | None]], **headers: Any) -> list[dict[str, Any]]:
    """The bronze rows of records, by their order. Headers go to every record."""
    known = {"producer_id": "test", "producer_sequence": 7, "replay_of": None, "received_at": None} | headers
    records = [
        {"value": value, "topic": topic, "partition": 0, "offset": offset, "kafka_timestamp": NOW, **known}
        for offset, (topic, value) in enumerate(values)
    ]
    landed = build_events(pa.Table.from_pylist(records, RECORD_SCHEMA), Landing(NOW, timedelta(days=7)))
    assert landed.schema == arrow_schema(load_contract("bronze.events"))
    assert landed.num_rows == len(records), "nothing is dropped"
    return landed.sort_by("offset").to_pylist()


def land_one(value: bytes | None, topic: str = "video_events", **headers: Any) -> dict[str, Any]:
    return land([(topic, value)], **headers)[0]


def example(column: str) -> Any:
    """A value that the field dictionary accepts."""
    field = field_dictionary()[column]
    if field.enum:
        return field.enum[0]
    by_type: dict[str, Any] = {"bigint": 5, "double": 1.5, "boolean": True, "timestamp": "2026-03-01T11:59:58Z", "date": "2026-02-28"}
    if field.type in by_type:
        return by_type[field.type]
    return {"event_id": ENVELOPE["event_id"], "country": "DE", "currency": "EUR", "ad_price": 0.25}.get(column, "x1:")


def test_events__every_one_of_the_24_types_passes() -> None:
    records = []
    for name, kind in event_types().items():
        own = {column: example(column) for column in kind.required if column not in ENVELOPE}
        body = {**ENVELOPE, **own, "event_type": name} | ({"content_duration": 600} if kind.family == "video" else {})
        records.append((kind.topic, json.dumps(body).encode()))
    rows = land(records)
    assert [(row["event_type"], row["rejected_because"]) for row in rows] == [(name, None) for name in event_types()]
    assert [row["family"] for row in rows] == [kind.family for kind in event_types().values()]
    assert all(row["raw"] is None and row["event_hour"].isoformat() == "2026-03-01T11:00:00+00:00" for row in rows)


def test_events__coordinates_headers_and_values_are_kept() -> None:
    row = land_one(json.dumps(event(startup_time=0.25, fatal=None, made_up={"a": 1})).encode())
    assert row["rejected_because"] is None
    assert [row[name] for name in ("topic", "partition", "offset", "producer_id", "producer_sequence")] == ["video_events", 0, 0, "test", 7]
    assert (row["startup_time"], row["fatal"], row["content_title"]) == (0.25, None, "[REC]")
    assert row["extras"] == [("made_up", '{"a":1}')], "an unknown field is kept, not dropped and not a reason"
    assert (row["landed_at"], row["landed_date"]) == (NOW, NOW.date())


def test_events__a_replay_keeps_its_first_receipt_where_the_producer_left_it_out() -> None:
    raw = json.dumps(event(received_at=...)).encode()
    assert land_one(raw)["rejected_because"] == ["required:received_at"]
    row = land_one(raw, received_at="2026-03-01T11:59:59.500Z", replay_of="video_events/0/12")
    assert (row["rejected_because"], row["replay_of"]) == (None, "video_events/0/12")
    assert row["received_at"] == datetime(2026, 3, 1, 11, 59, 59, 500_000, tzinfo=UTC)


def test_events__an_unknown_field_is_kept_however_it_is_spaced() -> None:
    bodies = [json.dumps(event()).encode()[:-1] + member for member in (b', "made_up" :5}', b', "made_up"\t: 5}', b', "made_up"\r\n:5}')]
    rows = land([("video_events", body) for body in bodies])
    assert [(row["rejected_because"], row["extras"]) for row in rows] == [(None, [("made_up", "5")])] * 3


def test_events__a_null_field_does_not_hide_a_repeated_one() -> None:
    body = json.dumps(event(fatal=None)).encode()[:-1] + b', "session_id" : "s2"}'
    assert land_one(body)["rejected_because"] == ["duplicate_key"]


def test_events__late_is_kept_and_flagged_not_rejected() -> None:
    at_the_horizon = event(event_timestamp="2026-02-22T11:59:59.000Z")  # received 7 days later to the second
    beyond = event(event_timestamp="2026-02-22T11:59:58.999Z")
    rows = land([("video_events", json.dumps(e).encode()) for e in (at_the_horizon, beyond)])
    assert [(row["is_late"], row["rejected_because"]) for row in rows] == [(False, None), (True, None)]


def test_events__an_offset_from_utc_and_nanoseconds_are_times_too() -> None:
    times = ("2026-03-01T12:59:58.123456789+01:00", "2026-03-01T11:59:58.123456Z")
    rows = land([("video_events", json.dumps(event(event_timestamp=time)).encode()) for time in times])
    assert [row["event_timestamp"] for row in rows] == [datetime(2026, 3, 1, 11, 59, 58, 123_456, tzinfo=UTC)] * 2


BAD: dict[str, tuple[bytes | None, list[str]]] = {
    "tombstone": (None, ["malformed_json"]),
    "empty": (b"", ["malformed_json"]),
    "text": (b"hello", ["malformed_json"]),
    "truncated": (json.dumps(event()).encode()[:-20], ["malformed_json"]),
    "trailing junk": (json.dumps(event()).encode() + b" junk", ["malformed_json"]),
    "two objects": (json.dumps(event()).encode() * 2, ["malformed_json"]),
    "array": (b"[1]", ["not_an_object"]),
    "null": (b"null", ["not_an_object"]),
    "number": (b"5", ["not_an_object"]),
    "invalid utf-8": (json.dumps(event()).encode().replace(b"agent/1", b"agent\xff"), ["invalid_utf8"]),
    "NaN": (json.dumps(event(startup_time=float("nan"))).encode(), ["malformed_json"]),
    "duplicate key": (json.dumps(event()).encode()[:-1] + b', "session_id": "s2"}', ["duplicate_key"]),
    "duplicate key, spaced": (json.dumps(event()).encode()[:-1] + b', "session_id" :"s2"}', ["duplicate_key"]),
    "duplicate key for a missing one": (
        json.dumps(event(user_agent=...)).encode()[:-1] + b', "session_id"\n:"s2"}',
        ["duplicate_key"],
    ),
    "unclosed object": (json.dumps(event()).encode()[:-1] + b', "content_genre": {"a": 1}', ["malformed_json"]),
    "unknown type": (json.dumps(event(event_type="video_dance")).encode(), ["unknown_event_type"]),
    "no type": (json.dumps(event(event_type=...)).encode(), ["required:event_type"]),
    "missing field": (json.dumps(event(user_agent=...)).encode(), ["required:user_agent"]),
    "null field": (json.dumps(event(user_agent=None)).encode(), ["required:user_agent"]),
    "text for a number": (json.dumps(event(playback_position="12")).encode(), ["mistyped"]),
    "fraction for an integer": (json.dumps(event(playback_position=1.5)).encode(), ["mistyped"]),
    "integer overflow": (json.dumps(event(playback_position=2**63)).encode(), ["mistyped"]),
    "object for a text": (json.dumps(event(content_title={"a": 1})).encode(), ["mistyped"]),
    "epoch for a time": (json.dumps(event(event_timestamp=5)).encode(), ["mistyped"]),
    "date for a time": (json.dumps(event(event_timestamp="2026-03-01")).encode(), ["mistyped"]),
    "infinity": (json.dumps(event()).encode()[:-1] + b', "startup_time": 1e400}', ["malformed_json"]),
    "negative": (json.dumps(event(startup_time=-1)).encode(), ["range:startup_time"]),
    "latitude": (json.dumps(event(latitude=90.01)).encode(), ["range:latitude"]),
    "enum": (json.dumps(event(platform="fridge")).encode(), ["enum:platform"]),
    "length": (json.dumps(event(app_version="9" * 65)).encode(), ["length:app_version"]),
    "megabyte": (json.dumps(event(user_agent="a" * 1_000_000)).encode(), ["length:user_agent"]),
    "pattern": (json.dumps(event(country="de")).encode(), ["pattern:country"]),
    "upper-case id": (json.dumps(event(event_id=str(ENVELOPE["event_id"]).upper())).encode(), ["pattern:event_id"]),
    "future": (json.dumps(event(event_timestamp="2026-03-01T12:05:00.000Z")).encode(), ["condition:not_in_the_future"]),
    "beyond the end": (json.dumps(event(playback_position=601)).encode(), ["condition:position_within_duration"]),
    "two reasons": (json.dumps(event(platform="fridge", latitude=-91)).encode(), ["enum:platform", "range:latitude"]),
}


@pytest.fixture(scope="module")
def bad_rows() -> dict[str, dict[str, Any]]:
    return dict(zip(BAD, land([("video_events", value) for value, _ in BAD.values()]), strict=True))


@pytest.mark.parametrize("case", BAD)
def test_events__bad_records_keep_reason_and_bytes(bad_rows: dict[str, dict[str, Any]], case: str) -> None:
    value, reasons = BAD[case]
    row = bad_rows[case]
    assert set(row["rejected_because"]) == set(reasons)
    assert row["raw"] == (value or b"")
    assert row["event_hour"] is None, "a rejected row touches no event hour"


def test_events__wrong_topic_is_rejected() -> None:
    assert land_one(json.dumps(event()).encode(), topic="ad_events")["rejected_because"] == ["wrong_topic"]


def test_events__a_rejected_record_keeps_the_fields_that_could_be_read() -> None:
    row = land_one(json.dumps(event(latitude=91, platform="fridge")).encode())
    assert (row["event_id"], row["latitude"], row["platform"]) == (ENVELOPE["event_id"], 91, "fridge")


def test_events__deep_nesting_neither_crashes_nor_passes() -> None:
    row = land_one(json.dumps(event()).encode()[:-1] + b', "x": ' + b"[" * 5000 + b"]" * 5000 + b"}")
    assert row["rejected_because"] == ["malformed_json"]
