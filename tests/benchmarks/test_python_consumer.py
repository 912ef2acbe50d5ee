"""The Python peer gives the contract's verdict on every record: a peer that validated less would be faster for the wrong reason."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from benchmarks.peers.python_consumer import EventReader, Records, shares
from playhead.events.simulator import ParquetSink, SimulationOptions, run_simulation
from playhead.events.validation import Fault, decode_event, find_faults

_VALID = {
    "event_id": "00000000-0000-4000-8000-000000000001", "event_type": "session_start", "event_timestamp": "2026-03-01T11:59:58.000Z",
    "received_at": "2026-03-01T11:59:59.000Z", "schema_version": 1, "session_id": "s", "device_id": "d", "ip_address": "192.0.2.1",
    "user_agent": "a", "device_type": "tv", "platform": "roku", "app_version": "1",
}  # fmt: skip


def _read(values: list[bytes], topics: list[str]) -> list[dict[str, Any]]:
    count = len(values)
    headers = [{"producer_id": b"p", "producer_sequence": b"%d" % number} for number in range(count)]
    records = Records([pa.array(values, pa.binary())], topics, [0] * count, list(range(count)), [0] * count, headers)
    rows: list[dict[str, Any]] = EventReader().read(records).to_pylist()
    return rows


def _read_session(value: bytes) -> dict[str, Any]:
    return _read([value], ["session_events"])[0]


def _expected(value: bytes) -> list[str] | None:
    event = decode_event(value)
    faults = [event] if isinstance(event, Fault) else find_faults(event)
    return list(dict.fromkeys(fault.code for fault in faults)) or None


def test_every_simulated_record_gets_the_verdict_of_its_contract(tmp_path: Path) -> None:
    options = SimulationOptions(users=20, days=10, bad=0.2)
    run_simulation(options, home=tmp_path, now_day=date(2026, 2, 1), open_sink=lambda: ParquetSink(tmp_path / "records"))
    records = ds.dataset(sorted((tmp_path / "records").glob("*.parquet"))).to_table()
    values = records["value"].to_pylist()
    rows = _read(values, records["topic"].to_pylist())
    assert [row["rejected_because"] for row in rows] == [_expected(value) for value in values]
    rejected = [row["raw"] is not None for row in rows]
    assert rejected == [kind.startswith("bad:") for kind in records["kind"].to_pylist()]


def test_a_valid_event_lands_in_its_types() -> None:
    row = _read_session(json.dumps(_VALID | {"page_views": 3, "user_signup_date": "2025-12-31"}).encode())
    assert row["rejected_because"] is None
    assert (row["family"], row["page_views"], row["user_signup_date"]) == ("session", 3, date(2025, 12, 31))
    assert (row["event_hour"], row["is_late"]) == (datetime(2026, 3, 1, 11, tzinfo=UTC), False)
    assert (row["producer_id"], row["producer_sequence"]) == ("p", 0)


def test_an_event_is_late_beyond_seven_days() -> None:
    assert _read_session(json.dumps(_VALID | {"received_at": "2026-03-08T11:59:58.001Z"}).encode())["is_late"] is True


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param({"user_id": 'a "quoted" Ω'}, id="escapes"),
        pytest.param({"user_id": None}, id="null"),
        pytest.param({"sent_at": "2026-03-01T12:59:58+01:00"}, id="other offset"),
    ],
)
def test_good_events_that_are_not_plain_are_accepted(extra: dict[str, Any]) -> None:
    row = _read_session(json.dumps(_VALID | extra).encode())
    assert row["rejected_because"] is None
    assert row["user_id"] == extra.get("user_id")
    assert row["sent_at"] == (datetime(2026, 3, 1, 11, 59, 58, tzinfo=UTC) if "sent_at" in extra else None)


def test_unknown_fields_are_kept() -> None:
    assert _read_session(json.dumps(_VALID | {"later": {"a": 1}}).encode())["extras"] == [("later", '{"a":1}')]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ('"schema_version":1', '"schema_version":"1"'),
        ('"schema_version":1', '"schema_version":1.5'),
        ('"schema_version":1', '"schema_version":true'),
        ('"schema_version":1', '"schema_version":1001'),
        ('"session_id":"s"', '"session_id":7'),
        ('"session_id":"s"', '"session_id":["s"]'),
        ('"session_id":"s"', '"session_id":""'),
        ('"session_id":"s"', '"session_id":"s","session_id":"t"'),
        ('"app_version":"1"}', '"app_version":"1",}'),
        ('"app_version":"1"}', '"app_version":"1"} x'),
        ('"app_version":"1"}', '"app_version":"1","latitude":NaN}'),
        ('"app_version":"1"}', '"app_version":"1","session_duration":1e400}'),
        ("2026-03-01T11:59:58.000Z", "2026-03-01"),
        ("2026-03-01T11:59:58.000Z", "2026-02-30T11:59:58.000Z"),
        ("2026-03-01T11:59:58.000Z", "2026-03-01T12:05:00.000Z"),
        ('"tv"', '"fridge"'),
        ("192.0.2.1", "not an address"),
    ],
)
def test_what_a_lenient_parser_would_take_is_rejected(good: str, bad: str) -> None:
    text = json.dumps(_VALID, separators=(",", ":"))
    assert _read_session(text.encode())["rejected_because"] is None
    assert good in text
    value = text.replace(good, bad).encode()
    row = _read_session(value)
    assert row["rejected_because"]
    assert row["rejected_because"] == _expected(value)
    assert (row["raw"], row["event_hour"]) == (value, None)


def test_an_event_on_the_topic_of_another_family_is_rejected() -> None:
    assert _read([json.dumps(_VALID).encode()], ["ad_events"])[0]["rejected_because"] == ["wrong_topic"]


def test_shares_are_disjoint_and_about_equal() -> None:
    ends = {("a", 0): 10, ("a", 1): 4, ("b", 0): 5, ("b", 1): 0}
    parts = shares(ends, 2)
    assert sorted(pair for part in parts for pair in part) == sorted(ends)
    assert [sum(part.values()) for part in parts] == [10, 9]
