"""JSON text in columns, against Python's own json and uuid."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pyarrow as pa

from playhead.events.simulator.tokens import instants, join, member, members, nullable, numbered, seconds, tokens, uuids


def test_instants__are_iso_utc_with_milliseconds() -> None:
    # before the epoch, at midnight, across a leap day, at the last millisecond of a year
    texts = ["1969-12-31T23:59:59.999Z", "2026-11-24T00:00:00.000Z", "2024-02-29T12:34:56.007Z", "2026-12-31T23:59:59.999Z"]
    epoch_ms = np.array([round(datetime.fromisoformat(t).timestamp() * 1000) for t in texts], np.int64)
    assert [json.loads(token) for token in instants(epoch_ms).to_pylist()] == texts
    assert datetime.fromisoformat(texts[1]).tzinfo == UTC
    assert len(instants(np.array([], np.int64))) == 0


def test_uuids__are_version_4_and_follow_from_the_stream() -> None:
    made = uuids(np.random.default_rng(1), 500).to_pylist()
    assert all(str(UUID(text)) == text and UUID(text).version == 4 and UUID(text).variant == "specified in RFC 4122" for text in made)
    assert len(set(made)) == 500
    assert made == uuids(np.random.default_rng(1), 500).to_pylist()


def test_member__absent_values_leave_no_trace() -> None:
    values = nullable(np.array([1.5, 0.0]), np.array([True, False]))
    rows = join('{"a":1', member("b", values), member("c", tokens(['x"y', "é"])), member("d", np.array([True, False])), "}")
    assert [json.loads(row) for row in rows.to_pylist()] == [{"a": 1, "b": 1.5, "c": 'x"y', "d": True}, {"a": 1, "c": "é", "d": False}]


def test_members__drop_none_and_braces() -> None:
    assert members([{"a": 1, "b": None, "c": "x"}, {"a": 2}]).to_pylist() == ['"a":1,"c":"x"', '"a":2']


def test_seconds__give_the_same_milliseconds_back() -> None:
    milliseconds = np.arange(0, 100_000, 7)
    texts = pa.array(seconds(milliseconds)).cast(pa.string()).to_pylist()
    assert [round(float(text) * 1000) for text in texts] == milliseconds.tolist()


def test_numbered__pads() -> None:
    assert numbered("u-", 3, 4).to_pylist() == ["u-0000", "u-0001", "u-0002"]
