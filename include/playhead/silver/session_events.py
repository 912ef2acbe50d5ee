"""silver.session_events: starts, heartbeats, device changes and ends of visits, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.silver.arrivals import build_events
from playhead.silver.units import thousandths

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def build_session_events(events: DataFrame, id_conflicts: DataFrame) -> DataFrame:
    """Session events of the given bronze rows; grain, late data and reruns as in `arrivals.build_events`."""
    return build_events(
        events,
        id_conflicts,
        family="session",
        table="silver.session_events",
        derived={
            "session_duration_ms": thousandths("session_duration"),
            "page_views_count": F.col("page_views"),
            "videos_watched_count": F.col("videos_watched"),
            "app_crashes_count": F.col("app_crashes"),
            "network_errors_count": F.col("network_errors"),
        },
    )
