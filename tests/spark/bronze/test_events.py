"""Kafka records to bronze rows: valid ones pass, every kind of bad one is kept with its reason and its bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from playhead.bronze.events import build_events
from playhead.contracts.model import event_types, field_dictionary

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
SCHEMA = (
    "key binary, value binary, headers array<struct<key: string, value: binary>>, topic string, `partition` int, `offset` bigint, "
    "timestamp timestamp, timestampType int"
)


def event(**changes: Any) -> dict[str, Any]:
    """A valid video_play; a field set to ... is left out."""
    return {name: value for name, value in {**ENVELOPE, **PLAY, **changes}.items() if value is not ...}


def land(spark: SparkSession, values: list[tuple[str, bytes | None]]) -> list[Row]:
    headers = [("producer_id", b"test"), ("producer_sequence", b"7")]
    records = [(b"k", value, headers, topic, 0, offset, NOW, 1) for offset, (topic, value) in enumerate(values)]
    landed: DataFrame = build_events(
        spark.createDataFrame(records, SCHEMA), late_horizon=timedelta(days=7), landed_at=F.lit(NOW).cast("timestamp")
    )
    return landed.orderBy("offset").collect()


def land_one(spark: SparkSession, value: bytes | None, topic: str = "video_events") -> Row:
    return land(spark, [(topic, value)])[0]


def example(column: str) -> Any:
    """A value that the field dictionary accepts."""
    field = field_dictionary()[column]
    if field.enum:
        return field.enum[0]
    by_type: dict[str, Any] = {"bigint": 5, "double": 1.5, "boolean": True, "timestamp": "2026-03-01T11:59:58Z", "date": "2026-02-28"}
    if field.type in by_type:
        return by_type[field.type]
    return {"event_id": ENVELOPE["event_id"], "country": "DE", "currency": "EUR", "ad_price": 0.25}.get(column, "x1:")


def test_events__every_one_of_the_24_types_passes(spark: SparkSession) -> None:
    records = []
    for name, kind in event_types().items():
        own = {column: example(column) for column in kind.required if column not in ENVELOPE}
        body = (
            {**ENVELOPE, **own, "event_type": name, "content_duration": 600}
            if kind.family == "video"
            else {**ENVELOPE, **own, "event_type": name}
        )
        records.append((kind.topic, json.dumps(body).encode()))
    rows = land(spark, records)
    assert [(row.event_type, row.rejected_because) for row in rows] == [(name, None) for name in event_types()]
    assert all(row.raw is None and row.event_hour.isoformat() == "2026-03-01T11:00:00" for row in rows)


def test_events__coordinates_headers_and_values_are_kept(spark: SparkSession) -> None:
    row = land_one(spark, json.dumps(event(startup_time=0.25, fatal=None, made_up={"a": 1})).encode())
    assert row.rejected_because is None
    assert (row.topic, row.partition, row.offset, row.producer_id, row.producer_sequence) == ("video_events", 0, 0, "test", 7)
    assert (row.startup_time, row.fatal, row.content_title) == (0.25, None, "[REC]")
    assert row.extras == {"made_up": '{"a":1}'}, "an unknown field is kept, not dropped and not a reason"
    assert row.landed_date.isoformat() == "2026-03-01"


def test_events__an_unknown_field_is_kept_however_it_is_spaced(spark: SparkSession) -> None:
    bodies = [json.dumps(event()).encode()[:-1] + member for member in (b', "made_up" :5}', b', "made_up"\t: 5}', b', "made_up"\r\n:5}')]
    rows = land(spark, [("video_events", body) for body in bodies])
    assert [(row.rejected_because, row.extras) for row in rows] == [(None, {"made_up": "5"})] * 3


def test_events__a_null_field_does_not_hide_a_repeated_one(spark: SparkSession) -> None:
    body = json.dumps(event(fatal=None)).encode()[:-1] + b', "session_id" : "s2"}'
    assert land_one(spark, body).rejected_because == ["duplicate_key"]


def test_events__late_is_kept_and_flagged_not_rejected(spark: SparkSession) -> None:
    at_the_horizon = event(event_timestamp="2026-02-22T11:59:59.000Z")  # received 7 days later to the second
    beyond = event(event_timestamp="2026-02-22T11:59:58.999Z")
    rows = land(spark, [("video_events", json.dumps(e).encode()) for e in (at_the_horizon, beyond)])
    assert [(row.is_late, row.rejected_because) for row in rows] == [(False, None), (True, None)]


# A mistyped field has no value, so a condition on it does not hold either.
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
    "no type": (json.dumps(event(event_type=...)).encode(), ["unknown_event_type", "required:event_type"]),
    "missing field": (json.dumps(event(user_agent=...)).encode(), ["required:user_agent"]),
    "null field": (json.dumps(event(user_agent=None)).encode(), ["required:user_agent"]),
    "text for a number": (json.dumps(event(playback_position="12")).encode(), ["mistyped", "condition:position_within_duration"]),
    "fraction for an integer": (json.dumps(event(playback_position=1.5)).encode(), ["mistyped", "condition:position_within_duration"]),
    "integer overflow": (json.dumps(event(playback_position=2**63)).encode(), ["mistyped", "condition:position_within_duration"]),
    "object for a text": (json.dumps(event(content_title={"a": 1})).encode(), ["mistyped"]),
    "epoch for a time": (json.dumps(event(event_timestamp=5)).encode(), ["mistyped", "condition:not_in_the_future"]),
    "date for a time": (json.dumps(event(event_timestamp="2026-03-01")).encode(), ["mistyped", "condition:not_in_the_future"]),
    "infinity": (json.dumps(event()).encode()[:-1] + b', "startup_time": 1e400}', ["range:startup_time"]),
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
def bad_rows(spark: SparkSession) -> dict[str, Row]:
    rows = land(spark, [("video_events", value) for value, _ in BAD.values()])
    return dict(zip(BAD, rows, strict=True))


@pytest.mark.parametrize("case", BAD)
def test_events__bad_records_keep_reason_and_bytes(bad_rows: dict[str, Row], case: str) -> None:
    value, reasons = BAD[case]
    row = bad_rows[case]
    assert set(row.rejected_because) == set(reasons)
    assert bytes(row.raw) == (value or b"")
    assert row.event_hour is None, "a rejected row touches no event hour"


def test_events__wrong_topic_is_rejected(spark: SparkSession) -> None:
    assert land_one(spark, json.dumps(event()).encode(), topic="ad_events").rejected_because == ["wrong_topic"]


def test_events__deep_nesting_neither_crashes_nor_passes(spark: SparkSession) -> None:
    row = land_one(spark, json.dumps(event()).encode()[:-1] + b', "x": ' + b"[" * 5000 + b"]" * 5000 + b"}")
    assert row.rejected_because == ["malformed_json"]
