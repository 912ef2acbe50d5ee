"""Rows of bronze and silver by their contract: a test names only the columns it is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from playhead.contracts.derive import spark_schema
from playhead.contracts.model import load_contract

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Rows = Callable[..., "DataFrame"]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

_WHO: dict[str, Any] = {
    "user_id": "user-1", "session_id": "session-1", "device_id": "device-1", "device_type": "tv", "platform": "roku", "app_version": "1.0",
}  # fmt: skip
_PLAYED: dict[str, Any] = {
    "playback_id": "play-1", "content_title": "One", "content_type": "movie", "playback_position_s": 0, "content_duration_s": 1000,
    "content_id": "title-1", "video_quality": "720p",
}  # fmt: skip
_LANDED: dict[str, Any] = {
    "schema_version": 1, "ip_address": "192.0.2.1", "user_agent": "test", "is_late": False, "topic": "t", "partition": 0, "offset": 0,
    "kafka_timestamp": NOON, "landed_at": NOON, "landed_date": NOON.date(),
}  # fmt: skip
_DEFAULTS: dict[str, dict[str, Any]] = {
    "bronze.events": _WHO | _LANDED,
    "silver.video_events": _WHO | _PLAYED,
    "silver.session_events": _WHO,
    "ops.id_conflicts": {"conflict": "other_hour", "kept_event_hour": NOON, "found_at": NOON},
}


def at(seconds: float) -> datetime:
    """So many seconds after noon of 24 November 2026, UTC."""
    return NOON + timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def rows(spark: SparkSession) -> Rows:
    """`rows("silver.video_events", {"at": 5, "event_type": "video_stop"}, …)`: those rows in the table's own schema.

    `at` is the event time in seconds after noon; events get ids by their place unless they name one.
    """

    def make(table: str, *given: dict[str, Any]) -> DataFrame:
        contract = load_contract(table)
        filled = []
        for number, row in enumerate(given):
            values = {"event_id": f"event-{number:03}"} | _DEFAULTS[table] | row
            if "at" in row:
                moment = at(row["at"])
                hour = moment.replace(minute=0, second=0, microsecond=0)
                values = {"event_timestamp": moment, "received_at": moment, "event_hour": hour, "event_date": moment.date()} | values
            if table.startswith("silver"):
                values["viewer_id"] = values["user_id"] or values["device_id"]
            filled.append(tuple(values.get(name) for name in contract.column_names))
        return spark.createDataFrame(filled, spark_schema(contract))

    return make
