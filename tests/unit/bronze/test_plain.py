"""The vectorised way against the exact one: whatever the bytes, they never differ. And plain records do go the fast way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from playhead.bronze.events import RECORD_SCHEMA, Landing, build_events
from playhead.bronze.exact import Received, read_record
from playhead.bronze.plain import read_plain
from playhead.contracts.model import event_columns, event_types
from playhead.contracts.shapes import Column

HORIZON = timedelta(days=7)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "event_id": "0c7b1f6e-2f7a-4b53-9a51-0d9a6d1f1a01", "event_timestamp": "2026-03-01T11:59:58.123Z",
    "received_at": "2026-03-01T11:59:59.000Z", "schema_version": 1, "session_id": "s1", "device_id": "d1", "ip_address": "192.0.2.1",
    "user_agent": "agent/1", "device_type": "tv", "platform": "roku", "app_version": "1.0", "event_type": "video_play",
    "playback_id": "p1", "video_id": "v1", "content_title": "[REC]", "content_type": "movie", "content_duration": 600,
    "playback_position": 0, "video_quality": "720p",
}  # fmt: skip


def read_fast(*values: bytes, topic: str = "video_events") -> list[dict[str, Any]]:
    records = [{"value": value, "topic": topic} for value in values]
    return read_plain(pa.Table.from_pylist(records, RECORD_SCHEMA), HORIZON).drop_columns(["row"]).to_pylist()


def read_slow(value: bytes, topic: str = "video_events") -> dict[str, Any]:
    row = read_record(Received(value, topic, None), HORIZON)
    return {name: row.get(name) for name in [column.name for column in event_columns()] + ["family", "event_hour", "is_late", "extras"]} | {
        "rejected_because": row.get("rejected_because")
    }


def assert_never_differs(value: bytes, topic: str = "video_events") -> bool:
    """Whether the record went the fast way; if it did, the slow one must have read the same. Either way it lands."""
    record = {"value": value, "topic": topic, "partition": 0, "offset": 0, "kafka_timestamp": NOW}
    assert build_events(pa.Table.from_pylist([record], RECORD_SCHEMA), Landing(NOW, HORIZON)).num_rows == 1
    fast = read_fast(value, topic=topic)
    if not fast:
        return False
    (row,) = fast
    times = {name: moment.replace(tzinfo=UTC) for name, moment in row.items() if isinstance(moment, datetime)}
    assert {**row, **times, "extras": None, "rejected_because": None} == read_slow(value, topic)
    return True


def compact(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("dump", [compact, lambda event: json.dumps(event).encode()], ids=["compact", "spaced"])
def test_plain__usual_events_go_the_fast_way(dump: Any) -> None:
    accents = {"content_title": 'Amélie "2"\n/ä', "user_agent": "日本"}
    for event in (EVENT, EVENT | accents, EVENT | {"startup_time": 0.25, "fatal": False, "bitrate": 800, "latitude": -33.5}):
        assert assert_never_differs(dump(event)), event


def test_plain__every_type_goes_the_fast_way() -> None:
    values = {"bigint": 5, "double": 1.5, "boolean": True, "timestamp": "2026-03-01T11:59:58Z", "date": "2026-02-28"}
    for kind in event_types().values():
        own = {c.name: _example(c, values) for c in kind.columns if c.name not in EVENT}
        assert assert_never_differs(compact({**EVENT, **own, "event_type": kind.name}), kind.topic), kind.name


def _example(column: Column, values: dict[str, Any]) -> Any:
    known = {"country": "DE", "currency": "EUR", "ad_price": 0.012345}
    return column.enum[0] if column.enum else known.get(column.name, values.get(column.type, "x1"))


# Values at the edges of what readers agree on; each for every column.
_TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "a" * 129, "a" * 5001, "\u0000", "\u001f", "\u007f", "\ud83d\ude00", "\\", '"', "/", "{", "}", "[1]", ":null", '":']
    ),
    st.sampled_from(["DE", "de", "EUR", "DE\n", "192.0.2.1", "::1", "tv", "movie", "720p", "free", "video_stop", "ad_click", "user_like"]),
    st.sampled_from(["2026-03-01", "2026-02-29", "2028-02-29", "2026-02-30", "2026-13-01", "0001-01-01", "9999-12-31", "2026-3-1"]),
    st.sampled_from(
        [
            "2026-03-01T11:59:58Z",
            "2026-03-01T23:59:60Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T11:59:58.1234567Z",
            "2026-03-01T11:59:58+01:00",
        ]
    ),
    st.sampled_from(["2026-02-22T11:59:58.999Z", "2026-03-01T12:05:00.000Z", "1969-12-31T23:59:59.999999Z", "2026-03-01T11:59:58.Z"]),
)
_NUMBERS = st.one_of(
    st.integers(-(2**65), 2**65),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -1, 1, 2**63 - 1, 2**63, -(2**63), 999_999_999_999_999_999, 1e400, -0.0, 5e-324, 0.1, 604800, 604801]),
    st.decimals(0, 10**9, places=6).map(float),
)
_VALUES = st.one_of(_TEXTS, _NUMBERS, st.booleans(), st.none(), st.just([]), st.just({"a": 1}), st.just(...))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    changes=st.dictionaries(st.sampled_from([column.name for column in event_columns()]), _VALUES, max_size=4),
    is_ascii=st.booleans(),
    is_spaced=st.booleans(),
    topic=st.sampled_from(["video_events", "ad_events"]),
)
@example(changes={"ad_price": 123456789.123456}, is_ascii=True, is_spaced=False, topic="video_events")
@example(changes={"ad_price": 0.01234567, "content_genre": "\x00"}, is_ascii=True, is_spaced=True, topic="video_events")
@example(changes={"playback_position": 601}, is_ascii=True, is_spaced=False, topic="video_events")
def test_plain__never_differs_from_the_exact_reader(changes: dict[str, Any], is_ascii: bool, is_spaced: bool, topic: str) -> None:
    event = {name: value for name, value in {**EVENT, **changes}.items() if value is not ...}
    text = json.dumps(event, ensure_ascii=is_ascii, separators=None if is_spaced else (",", ":"))
    assert_never_differs(text.encode(errors="surrogatepass"), topic)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_plain__never_differs_when_bytes_are_changed(data: st.DataObject) -> None:
    value = bytearray(compact(EVENT | {"startup_time": 0.25, "fatal": True}))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(value) - 1))
        cut = data.draw(st.integers(0, 3))
        value[at : at + cut] = data.draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b"\\", b"0", b"-", b".", b"e5", b",", b" "]))
        )
    assert_never_differs(bytes(value))


@pytest.mark.parametrize("member", [b',"session_id":"s2"}', b', "session_id": "s1"}', b',"session_id":null}', b',"made_up":1}'])
def test_plain__a_key_twice_or_unknown_is_left_to_the_exact_reader(member: bytes) -> None:
    assert read_fast(compact(EVENT)[:-1] + member) == []


@pytest.mark.parametrize(
    "broken", [{"latitude": 91}, {"platform": "fridge"}, {"playback_position": 601}, {"user_agent": ""}, {"country": "de"}]
)
def test_plain__vouches_for_no_event_that_breaks_a_rule(broken: dict[str, Any]) -> None:
    assert read_fast(compact(EVENT | broken)) == []
    assert len(read_fast(compact(EVENT))) == 1, "negative control"


def test_plain__one_record_of_bad_utf8_does_not_hold_up_the_others() -> None:
    rows = read_fast(compact(EVENT), compact(EVENT).replace(b"agent/1", b"agent\xff"), compact(EVENT | {"session_id": "s3"}))
    assert [row["session_id"] for row in rows] == ["s1", "s3"]


def test_records_are_read_alike_however_they_lie_in_memory() -> None:
    """A part of a larger array, in one piece and in several; what is no text, or is missing, is among them."""
    values = [b"before", compact(EVENT), b"\xff", None, compact({**EVENT, "video_id": "v2"}), b"behind"]
    records = pa.Table.from_pylist([{"value": value, "topic": "video_events"} for value in values], RECORD_SCHEMA)
    part, whole = records.slice(1, 4), pa.Table.from_pylist(records.slice(1, 4).to_pylist(), RECORD_SCHEMA)
    pieces = pa.concat_tables([records.slice(1, 2), records.slice(3, 2)])
    read = [read_plain(given, HORIZON).select(["row", "video_id"]).to_pylist() for given in (whole, part, pieces)]
    assert read == [[{"row": 0, "video_id": "v1"}, {"row": 3, "video_id": "v2"}]] * 3
