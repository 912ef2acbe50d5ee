"""Whatever is sent: readers and judges say what is wrong with it and never fail; what keeps its contract stays valid."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import http_sf
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from playhead.bronze.exact import Received, read_record
from playhead.contracts.model import event_columns, event_types
from playhead.contracts.shapes import Column, EventType, decimal_size
from playhead.events.clients import Client
from playhead.events.cmcd import map_report
from playhead.events.cmcd_play import History
from playhead.events.cmcd_report import Report, parse_report
from playhead.events.validation import YEARS, Fault, decode_event, find_faults, judge

HORIZON = timedelta(days=7)
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = {column.name: column for column in event_columns()}
CONDITIONS = {condition.name for kind in event_types().values() for condition in kind.conditions}
NO_EVENT = {"invalid_utf8", "malformed_json", "not_an_object", "duplicate_key"}
CODES = (
    {"mistyped", "unknown_event_type", "wrong_topic"}
    | {f"{kind}:{name}" for kind in ("required", "range", "enum", "length", "pattern") for name in COLUMNS}
    | {f"condition:{name}" for name in CONDITIONS}
)
CLIENT = Client("192.0.2.1", "agent/1", "2026-03-01T12:00:00.000Z", "")
TITLE = {"content_title": "Title", "content_type": "movie", "content_duration": 600}
BOUNDED = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def json_of(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | numbers | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    )


JSON = json_of(st.floats())
FINITE = json_of(st.floats(allow_nan=False, allow_infinity=False))
FIRST, LAST = date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31)
DAYS = st.dates(FIRST, LAST).map(lambda day: day.isoformat())
MOMENTS = st.tuples(DAYS, st.times()).map(lambda at: f"{at[0]}T{at[1].isoformat()}Z")
ANY_MOMENT = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.isoformat())
ANY_DAY = st.dates().map(lambda day: day.isoformat())
NAMES = st.sampled_from(sorted(COLUMNS)) | st.text(max_size=8)


@BOUNDED
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()) | st.text().map(lambda text: text.encode("utf-16")))
@example(b'{"a":' * 3000)
@example(b'{"a": 1e999, "b": "\\udfff"}')
def test_any_bytes_are_an_event_or_have_a_reason(raw: bytes) -> None:
    event = decode_event(raw)
    assert isinstance(event, dict) or (isinstance(event, Fault) and event.code in NO_EVENT)


@BOUNDED
@given(st.dictionaries(NAMES, JSON | ANY_MOMENT | ANY_DAY, max_size=8), st.sampled_from(sorted(event_types())))
@example({"event_timestamp": "9999-12-31T23:59:59Z", "received_at": "9999-12-31T23:59:59Z"}, "session_start")
@example({"event_timestamp": "0001-01-01T00:00:00+14:00", "received_at": "0001-01-01T00:00:00Z"}, "video_play")
def test_any_object_is_judged_by_declared_reasons(event: dict[str, Any], name: str) -> None:
    assert {fault.code for fault in judge(event).faults} <= CODES
    assert {fault.code for fault in find_faults(event | {"event_type": name})} <= CODES


@cache
def values_of(column: Column) -> st.SearchStrategy[Any]:
    """The values that a contract allows in a column, apart from conditions."""
    if column.enum:
        return st.sampled_from(column.enum)
    if column.pattern is not None:
        texts = st.from_regex(column.pattern.removesuffix("$") + r"\Z", fullmatch=True)
        return texts.filter(lambda text: (column.min_length or 0) <= len(text) <= (column.max_length or 999))
    low = column.minimum if column.minimum is not None else column.exclusive_minimum
    size = decimal_size(column.type)
    if size is not None:
        return st.integers(0, 10**12 - 1) | st.floats(0, 10**6, allow_nan=False)
    by_type: dict[str, st.SearchStrategy[Any]] = {
        "string": st.text(st.characters(codec="utf-8"), min_size=column.min_length or 0, max_size=min(column.max_length or 20, 20)),
        "bigint": st.integers(int(low or 0), int(column.maximum or 10**9)),
        "double": st.floats(low, column.maximum, exclude_min=column.exclusive_minimum is not None, allow_nan=False),
        "boolean": st.booleans(),
        "timestamp": MOMENTS,
        "date": DAYS,
    }
    return by_type[column.type]


@st.composite
def valid_events(draw: st.DrawFn) -> tuple[EventType, dict[str, Any]]:
    """An event of any type with all that it requires and some that it may carry."""
    kind = draw(st.sampled_from(list(event_types().values())))
    chosen = draw(st.sets(st.sampled_from([column.name for column in kind.columns]), max_size=4)) | kind.required
    event = {column.name: draw(values_of(column)) for column in kind.columns if column.name in chosen}
    happened = RECEIVED - timedelta(seconds=draw(st.integers(-300, 10**8)))
    event |= {"event_type": kind.name, "event_timestamp": happened.isoformat(), "received_at": RECEIVED.isoformat()}
    if kind.family == "video":
        event["playback_position"] = min(event["playback_position"], event["content_duration"])
    return kind, event


@BOUNDED
@given(valid_events(), st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), FINITE, max_size=2), st.booleans())
def test_what_keeps_its_contract_is_valid_whatever_comes_with_it(
    valid: tuple[EventType, dict[str, Any]], more: dict[str, Any], is_ascii: bool
) -> None:
    kind, event = valid
    unknown = {name: value for name, value in more.items() if name not in COLUMNS}
    raw = json.dumps(unknown | event, ensure_ascii=is_ascii).encode("utf-8", errors="surrogatepass")
    decoded = decode_event(raw)
    if isinstance(decoded, Fault):  # text of the unknown fields that UTF-8 cannot carry
        assert decoded.code == "invalid_utf8"
        return
    assert decoded == unknown | event
    row = read_record(Received(raw, kind.topic, None), HORIZON)
    assert row.get("rejected_because") is None
    assert {name for name, _ in row["extras"] or []} == set(unknown)


@BOUNDED
@given(valid_events(), st.data())
def test_a_value_that_no_contract_allows_is_refused_by_its_field(valid: tuple[EventType, dict[str, Any]], data: st.DataObject) -> None:
    _, event = valid
    name = data.draw(st.sampled_from(sorted(event)))
    broken = event | {name: data.draw(st.just([]) | st.dictionaries(st.text(max_size=3), st.integers(), max_size=1))}
    assert {fault.code for fault in find_faults(broken)} >= {"mistyped"}
    absent = {key: value for key, value in event.items() if key != name}
    wanted = {f"required:{name}"} if name in event_types()[event["event_type"]].required else set()
    assert {fault.code for fault in find_faults(absent)} == wanted


# What a player may write, of the right kind and of any other.
_ITEMS = st.one_of(
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.decimals(-(10**6), 10**6, places=3, allow_nan=False),
    st.booleans(),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
    st.sampled_from(["nan", "inf", "s", "p", "r", "k", "a", "e", "q", "f"]).map(http_sf.Token),
)
_KEYS = ("sid", "sn", "ts", "e", "cid", "sta", "msd", "bsd", "pt", "br", "mtp", "ec", "cen", "cdn", "v", "playhead-pt", "playhead-user")
_EVENTS = st.sampled_from(["ps", "bc", "e", "t", "ce", "rr", "pr", "zz"]).map(http_sf.Token)
_STATES = st.sampled_from(["s", "p", "r", "k", "a", "w", "e", "q", "f", "d", "z"]).map(http_sf.Token)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line with the keys that a report must have, and any others with any values."""
    known: dict[str, Any] = {
        "sid": "p",
        "sn": draw(st.integers(0, 10**15 - 1)),
        "ts": draw(st.integers(0, 253_402_300_799_999)),
        "e": draw(_EVENTS),
        "cid": "t",
        "sta": draw(_STATES),
        "v": 2,
    }
    more = draw(st.dictionaries(st.sampled_from(_KEYS), _ITEMS | st.lists(_ITEMS.map(lambda item: (item, {})), max_size=3), max_size=4))
    members = {key: (value, {}) for key, value in (known | more).items()}
    return http_sf.ser(members).encode()


@BOUNDED
@given(st.lists(lines() | st.binary(max_size=60), min_size=1, max_size=4))
def test_any_lines_of_a_player_are_reports_or_have_a_reason_and_what_they_say_can_be_judged(given_lines: list[bytes]) -> None:
    history = History()
    for line in given_lines:
        report = parse_report(line)
        if isinstance(report, Fault):
            assert report.code in {"malformed_cmcd", "unsupported_version", "mistyped"} | {f"required:{key}" for key in _KEYS}
            continue
        outcome = map_report(report, CLIENT, TITLE, history)
        history = history.with_report(report.sn, outcome.transition)
        for event in outcome.events:
            assert {fault.code for fault in find_faults(event)} <= CODES


@BOUNDED
@given(
    sn=st.integers(0, 10**15 - 1), ts=st.integers(0, 253_402_300_799_999), br=st.lists(st.integers(1, 10**6), max_size=2),
    bsd=st.lists(st.integers(0, 86_400_000), max_size=3), cid=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1),
)  # fmt: skip
def test_a_report_reads_as_it_was_written(sn: int, ts: int, br: list[int], bsd: list[int], cid: str) -> None:
    listed = {"br": ([(each, {}) for each in br], {}), "bsd": ([(each, {}) for each in bsd], {})}
    told = {"sid": ("p", {}), "cid": (cid, {}), "e": (http_sf.Token("t"), {}), "sn": (sn, {}), "ts": (ts, {}), "v": (2, {})}
    report = parse_report(http_sf.ser(told | listed).encode())
    assert isinstance(report, Report)
    assert (report.sn, report.ts, report.content_id, report.stalls_ms) == (sn, ts, cid, tuple(bsd))
    assert report.bitrate_kbps == (br[0] if br else None)
