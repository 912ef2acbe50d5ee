"""Alerts in batch, with a fixed clock: what breaks a rule is found, what is sound or old is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from playhead.alerts.find import build_alerts, filter_recent
from playhead.alerts.rules import parse_rules, rules_table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OLDEST = NOW - timedelta(minutes=15)
ID = "00000000-0000-4000-8000-000000000001"
Find = Callable[..., list[Any]]


def event(event_type: str, **fields: Any) -> bytes:
    """A record of now, with the fields that the test is about."""
    moments = {"event_timestamp": "2026-11-24T11:59:58.000Z", "received_at": "2026-11-24T11:59:59.000Z"}
    return json.dumps({"event_id": ID, "event_type": event_type, "session_id": "s", "user_id": "u", **moments, **fields}).encode()


@pytest.fixture
def find(spark: SparkSession) -> Find:
    """`find(record, …)`: the alerts that the shipped rules raise."""
    from pyspark.sql import functions as F

    rules = parse_rules(files("playhead.alerts").joinpath("rules.yaml").read_text(encoding="utf-8"), "rules.yaml")

    def found(*values: bytes) -> list[Any]:
        records = spark.createDataFrame([(value,) for value in values], "value binary")
        table = spark.createDataFrame(rules_table(rules))
        return build_alerts(records, table, oldest=F.lit(OLDEST), raised_at=F.lit(NOW)).orderBy("rule_id").collect()

    return found


def test_build_alerts__one_alert_tells_all(find: Find) -> None:
    (alert,) = find(event("video_buffer", buffer_duration=12.5, playback_id="p"))
    assert len(alert["alert_id"]) == 64
    assert alert.asDict() | {"alert_id": ""} == {
        "alert_id": "", "rule_id": "long_stall", "severity": "warning", "event_id": ID, "event_type": "video_buffer", "session_id": "s",
        "playback_id": "p", "user_id": "u", "measure": "buffer_duration", "value": 12.5, "comparison": ">", "threshold": 10.0,
        "event_timestamp": alert["event_timestamp"], "raised_at": alert["raised_at"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("record", "rules"),
    [
        (event("video_error", fatal=True, playback_position=30), ["playback_failure"]),
        (event("video_error", fatal=True, playback_position=0, startup_time=1.0), ["playback_failure"]),
        (event("video_error", fatal=True, playback_position=0), ["startup_failure"]),
        (event("video_error", fatal=False, playback_position=0), []),
        (event("video_error", playback_position=30), []),
        (event("video_play", startup_time=10.5), ["long_startup"]),
        (event("video_play", startup_time=10), []),
        (event("video_play", startup_time=-1), ["negative_startup"]),
        (event("video_buffer", buffer_duration=10), []),
        (event("video_buffer", buffer_duration=90_000), ["absurd_stall", "long_stall"]),
        (event("ad_error", error_code="vast-303"), ["ad_failure"]),
        (event("ad_click", view_duration=-0.5), ["negative_view"]),
        (event("user_comment", comment_text="x" * 70_000), ["record_too_large"]),
        (event("user_comment", comment_text="x" * 5_000), []),
        (event("session_end", received_at="2026-11-24T11:54:57.000Z"), ["clock_ahead"]),
        (event("video_play", playback_position=-1, content_duration=0), ["negative_position", "no_length"]),
    ],
)
def test_build_alerts__finds_exactly_what_is_broken(find: Find, record: bytes, rules: list[str]) -> None:
    assert [alert["rule_id"] for alert in find(record)] == rules


def test_build_alerts__junk_and_events_without_ids_raise_nothing(find: Find) -> None:
    stall = json.loads(event("video_buffer", buffer_duration=60))
    nameless = [json.dumps(stall | change).encode() for change in ({"event_id": None}, {"event_id": "x" * 2_000}, {"session_id": None})]
    assert find(b"junk", b"\xff\xfe", b'{"event_timestamp": "2026-11-24T12:00:00Z"', b"[]", *nameless) == []


def test_build_alerts__ids_of_any_length_cannot_make_an_alert_large(find: Find) -> None:
    (alert,) = find(event("video_buffer", buffer_duration=60, user_id="u" * 200, session_id="s" * 200, playback_id="p" * 200))
    assert [len(alert[name]) for name in ("user_id", "session_id", "playback_id")] == [128, 128, 128]


def test_build_alerts__the_same_event_gives_the_same_alert_id_and_others_do_not(find: Find) -> None:
    stall = event("video_buffer", buffer_duration=60)
    later = event("video_buffer", buffer_duration=60, event_timestamp="2026-11-24T11:59:58.001Z")
    first, again, other = (find(record)[0]["alert_id"] for record in (stall, stall, later))
    assert first == again != other


@pytest.mark.parametrize(
    ("value", "is_kept"),
    [
        (b'{"event_timestamp":"2026-11-24T11:45:00.000Z"}', True),
        (b'{"a": 1, "event_timestamp" : "2026-11-24T11:45:00Z"}', True),
        (b'{"event_timestamp":"2026-11-24T12:45:00.000+01:00"}', True),
        (b'{"event_timestamp":"2026-11-24T11:44:59.999Z"}', False),
        (b'{"event_timestamp":"2026-03-01T11:45:00.000Z"}', False),
        (rb'{"comment_text":"\"event_timestamp\":\"2026-11-24T11:59:00Z\"","event_timestamp":"2026-03-01T11:45:00.000Z"}', False),
        (b'{"event_timestamp":null}', False),
        (b'{"event_timestamp":"yesterday"}', False),
        (b"{}", False),
    ],
)
def test_filter_recent__looks_at_the_text_alone(spark: SparkSession, value: bytes, is_kept: bool) -> None:
    from pyspark.sql import functions as F

    records = spark.createDataFrame([(value,)], "value binary")
    assert filter_recent(records, F.lit(OLDEST)).count() == int(is_kept)
