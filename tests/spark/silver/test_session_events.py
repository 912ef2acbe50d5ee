"""Session events: counters under their conformed names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from playhead.contracts.derive import spark_schema
from playhead.contracts.model import load_contract
from playhead.silver.session_events import build_session_events

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Rows = Callable[..., "DataFrame"]


def test_session_events__conformed_by_contract(rows: Rows) -> None:
    end = {
        "at": 0, "event_type": "session_end", "family": "session", "session_duration": 61.0005, "page_views": 4, "videos_watched": 2,
        "app_crashes": 0, "subscription_tier": "free",
    }  # fmt: skip
    built = build_session_events(rows("bronze.events", end, end | {"event_id": "event-000"}), rows("ops.id_conflicts"))
    assert built.schema == spark_schema(load_contract("silver.session_events"))
    (event,) = built.collect()
    assert (event.session_duration_ms, event.page_views_count, event.videos_watched_count) == (61_001, 4, 2)
    assert (event.app_crashes_count, event.network_errors_count, event.subscription_tier) == (0, None, "free")
