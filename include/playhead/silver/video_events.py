"""silver.video_events: what players did with titles, each event once, in conformed units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.silver.arrivals import build_events
from playhead.silver.units import thousandths, whole

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def build_video_events(events: DataFrame, id_conflicts: DataFrame) -> DataFrame:
    """Video events of the given bronze rows; grain, late data and reruns as in `arrivals.build_events`."""
    return build_events(
        events,
        id_conflicts,
        family="video",
        table="silver.video_events",
        derived={
            "content_id": F.col("video_id"),
            "content_duration_s": F.col("content_duration"),
            "playback_position_s": F.col("playback_position"),
            "startup_ms": thousandths("startup_time"),
            "stall_ms": thousandths("buffer_duration"),
            "bitrate_kbps": whole("bitrate"),
            "dropped_frames_count": F.col("dropped_frames"),
            "bandwidth_kbps": thousandths("bandwidth"),
            "is_fatal": F.col("fatal"),
            "seek_from_ms": thousandths("seek_from_position"),
            "seek_to_ms": thousandths("seek_to_position"),
        },
    )
