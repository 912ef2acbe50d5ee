"""Rows of silver and gold by their contract: a test names only the columns it is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from playhead.contracts.derive import spark_schema
from playhead.contracts.model import load_contract

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Rows = Callable[..., "DataFrame"]

_ENVELOPE: dict[str, Any] = {
    "viewer_id": "u1", "user_id": "u1", "session_id": "s1", "device_id": "d1",
    "device_type": "tv", "platform": "roku", "app_version": "1.0",
}  # fmt: skip
_TITLE: dict[str, Any] = {"content_id": "c1", "content_type": "movie"}
_PLAY: dict[str, Any] = {
    "content_title": "One", "content_duration_s": 6000, "is_started": True, "is_failed": False, "is_startup_failure": False,
    "is_exit_before_start": False, "is_ended": True, "is_completed": False, "watched_ms": 0, "played_ms": 0, "paused_ms": 0, "stall_ms": 0,
    "stall_count": 0, "seek_ms": 0, "seek_count": 0, "pause_count": 0, "quality_changes_count": 0, "upshifts_count": 0,
    "downshifts_count": 0, "errors_count": 0,
    "dropped_frames_count": 0, "media_bits": 0, "media_ms": 0, "max_position_s": 0, "events_count": 1,
}  # fmt: skip
_SESSION: dict[str, Any] = {
    "is_ended": True, "session_duration_ms": 0, "page_views_count": 0, "videos_watched_count": 0, "plays_count": 0,
    "app_crashes_count": 0, "network_errors_count": 0, "device_changes_count": 0, "events_count": 1,
}  # fmt: skip
_DEFAULTS: dict[str, dict[str, Any]] = {
    "silver.playbacks": _ENVELOPE | _TITLE | _PLAY,
    "silver.sessions": _ENVELOPE | _SESSION,
    "silver.session_events": _ENVELOPE | {"event_type": "session_heartbeat"},
    "silver.interactions": _ENVELOPE | _TITLE | {"event_type": "user_like"},
    "silver.ad_events": _ENVELOPE
    | _TITLE
    | {"event_type": "ad_impression", "ad_id": "a1", "ad_type": "pre_roll", "ad_duration_ms": 15_000, "ad_position_ms": 0},
    "gold.user_daily": {"is_paid": False, "platform": "roku", "engagement_score": Decimal(0)},
}


def at(text: str) -> datetime:
    """`24 23:59` as a moment of November 2026, UTC."""
    return datetime.strptime(f"2026-11-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def _moments(row: dict[str, Any], number: int, *, by_start: bool) -> dict[str, Any]:
    """The row with its time columns, from `at` ("24 23:59"), and an identity of its own."""
    moment = at(row.pop("at"))
    hour = moment.replace(minute=0)
    times: dict[str, Any] = {"event_date": moment.date(), "event_hour": hour}
    if by_start:
        return times | {"started_at": moment, "ended_at": moment, "playback_id": f"p{number}", "session_id": f"s{number}"} | row
    return times | {"event_timestamp": moment, "received_at": moment, "event_id": f"e{number}"} | row


@pytest.fixture
def rows(spark: SparkSession) -> Rows:
    """`rows("silver.playbacks", {"at": "24 05:00", "watched_ms": 1000}, …)`: those rows in the table's own schema."""

    def make(table: str, *given: dict[str, Any]) -> DataFrame:
        contract = load_contract(table)
        filled = []
        for number, row in enumerate(given):
            timed = _moments(dict(row), number, by_start=table in {"silver.playbacks", "silver.sessions"}) if "at" in row else dict(row)
            values = _DEFAULTS[table] | timed
            if table == "gold.user_daily":
                values = {c.name: 0 for c in contract.columns if c.type == "bigint"} | {"ad_revenue": Decimal(0)} | values
            filled.append(tuple(values.get(name) for name in contract.column_names))
        return spark.createDataFrame(filled, spark_schema(contract))

    return make
