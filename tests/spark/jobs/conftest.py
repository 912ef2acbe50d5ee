"""A small bronze to build from: literal events, landed one Delta version at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count, groupby
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest

from playhead.bronze.buildable import hours_to_build
from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_append import write_data_file
from playhead.io.delta_table import table_version
from playhead.io.partitions import hour_key
from playhead.io.touched_hours import touched_metadata
from playhead.jobs.ingest import bronze_layout, open_bronze

Event = dict[str, Any]
Land = Callable[..., int]

_COLUMNS = load_contract("bronze.events").column_names
_SCHEMA = arrow_schema(load_contract("bronze.events"))
_NUMBER = count(1)


def _at(text: str) -> datetime:
    """`31T05:10` is 05:10 on 31 January 2026, UTC."""
    return datetime.fromisoformat(f"2026-01-{text}:00+00:00")


def _event(when: str, event_type: str = "video_play", **change: Any) -> Event:
    """A valid event as bronze holds it."""
    number = next(_NUMBER)
    moment = _at(when)
    family = {"video": "video", "session": "session", "ad": "ad"}.get(event_type.partition("_")[0], "interaction")
    video = {
        "playback_id": "p1", "video_id": "t1", "content_title": "Title",
        "content_duration": 3600, "playback_position": 0, "video_quality": "720p",
    }  # fmt: skip
    return {
        **dict.fromkeys(_COLUMNS),
        "event_id": str(UUID(int=number)), "event_type": event_type, "event_timestamp": moment, "received_at": moment, "schema_version": 1,
        "session_id": "s1", "device_id": "d1", "user_id": "u1", "ip_address": "10.0.0.1", "user_agent": "test", "device_type": "tv",
        "platform": "web", "app_version": "1", "country": "DE", "content_type": "movie", "content_id": "t1",
        **(video if family == "video" else {}),
        "family": family, "event_hour": moment.replace(minute=0), "is_late": False,
        "topic": "video_events", "partition": 0, "offset": number, "kafka_timestamp": _at("01T00:00") + timedelta(seconds=number),
        "producer_id": "test", "producer_sequence": number, "landed_at": moment, "landed_date": moment.date(),
        **change,
    }  # fmt: skip


@pytest.fixture
def land(lake: str) -> Land:
    """Appends events to bronze in one commit per landing day and returns the version that shows them."""

    batches = count()

    def _land(*events: Event) -> int:
        bronze = open_bronze(lake)
        by_day = groupby(sorted(events, key=lambda event: event["landed_date"]), key=lambda event: event["landed_date"])
        for day, landed in by_day:
            rows = pa.Table.from_pylist(list(landed), _SCHEMA)
            file = write_data_file(iter([rows]), bronze_layout(lake), day)
            assert file is not None
            touched = touched_metadata(map(hour_key, hours_to_build(rows)))
            bronze.commit([file], day, "test", next(batches), metadata=touched)
        version = table_version(lake, "bronze.events")
        assert version is not None
        return version

    return _land


@pytest.fixture
def event() -> Callable[..., Event]:
    """Makes valid events: event("31T05:10", "video_stop", playback_id="p2")."""
    return _event


@pytest.fixture
def at() -> Callable[[str], datetime]:
    """Makes moments: at("31T05:10")."""
    return _at
