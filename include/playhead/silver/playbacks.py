"""silver.playbacks: one row per play of a title, with its quality of experience by CTA-2066."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.silver.play_clock import is_terminal, with_play_clock
from playhead.silver.spans import VIDEO_ORDER, with_event_rank, with_span
from playhead.silver.units import utc_date, utc_hour

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

# Every event carries these, so the first event has them all; the others come from the first event that knows them.
_ALWAYS_KNOWN = (
    "session_id", "device_id", "device_type", "platform", "app_version",
    "content_id", "content_title", "content_type", "content_duration_s",
)  # fmt: skip
_SOMETIMES_KNOWN = ("user_id", "country", "region", "cdn", "player", "ab_test_variant", "content_genre", "content_creator_id",
                    "connection_type")  # fmt: skip
_MEASURED = (
    "event_id", "event_type", "event_timestamp", "playback_id", "playback_position_s", "startup_ms", "stall_ms", "bitrate_kbps",
    "dropped_frames_count", "is_fatal",
)  # fmt: skip


def build_playbacks(video_events: DataFrame) -> DataFrame:
    """All plays that start within the given video events.

    Grain: one row per play. A play starts with the first event of its playback_id after at least 24 h without one, belongs to the hour
    of that event and lasts at most 24 h; so plays of an hour need the events of the 24 hours before it and after it, and are provisional
    until then. It ends at its first stop, complete or fatal error (a later video_play, a replay, opens it again), else at its last event,
    with the stall it reports. Arrival order and late data make no difference: rerunning on all events gives what they always give.
    """
    # What is only passed on travels packed: the clock copies every row many times.
    dimensions = (F.struct(*_ALWAYS_KNOWN).alias("always_known"), F.struct(*_SOMETIMES_KNOWN).alias("sometimes_known"))
    events = video_events.select(*_MEASURED, *dimensions)
    clocked = with_play_clock(with_span(with_event_rank(events), "playback_id", VIDEO_ORDER))
    plays = clocked.groupBy("playback_id", "started_at").agg(
        *_dimensions(), *(measure.alias(name) for name, measure in _measures().items())
    )
    return conform(_with_verdicts(plays.select("*", "first.*").drop("first")), load_contract("silver.playbacks"))


def _dimensions() -> list[Column]:
    place, told = F.col("place"), F.col("sometimes_known")
    first_known = [F.min_by(told[name], F.when(told[name].isNotNull(), place)).alias(name) for name in _SOMETIMES_KNOWN]
    return [F.min_by("always_known", place).alias("first"), *first_known]


def _measures() -> dict[str, Column]:
    """Sums and counts over the events of a play; counts cover all its events, times end where the play ended."""
    event_type = F.col("event_type")
    last_instant = F.timestamp_micros(F.unix_micros("event_timestamp") + F.col("tail_ms") * 1000)
    return {
        "ended_at": F.max(F.when(~F.col("is_echo"), last_instant)),
        "is_started": F.bool_or("is_started"),
        "is_failed": F.bool_or((event_type == "video_error") & is_terminal()),
        "is_ended": F.bool_or(is_terminal()),
        "has_complete": F.bool_or(event_type == "video_complete"),
        "startup_ms": F.max("first_startup_ms"),
        "watched_ms": F.sum("watched_ms"),
        "played_ms": F.sum("screen_ms"),
        "paused_ms": F.sum("paused_ms"),
        "stall_ms": F.sum("stalled_ms"),
        "stall_count": F.count_if("is_stall"),
        "seek_ms": F.sum("seek_ms"),
        "seek_count": F.count_if(event_type == "video_seek"),
        "pause_count": F.count_if(event_type == "video_pause"),
        "quality_changes_count": F.count_if(event_type == "video_quality_change"),
        "upshifts_count": F.count_if(F.col("bitrate_kbps") > F.col("bitrate_before")),
        "downshifts_count": F.count_if(F.col("bitrate_kbps") < F.col("bitrate_before")),
        "errors_count": F.count_if(event_type == "video_error"),
        "dropped_frames_count": F.coalesce(F.sum("dropped_frames_count"), F.lit(0)),
        "media_bits": F.coalesce(F.sum(F.col("screen_ms") * F.col("bitrate_in_force")), F.lit(0)),
        "media_ms": F.coalesce(F.sum(F.when(F.col("bitrate_in_force").isNotNull(), F.col("screen_ms"))), F.lit(0)),
        "max_position_s": F.max("playback_position_s"),
        "events_count": F.count("*"),
    }


def _with_verdicts(plays: DataFrame) -> DataFrame:
    """Adds how the play went: each attempt either started, failed at startup or was left before the start."""
    is_started, is_failed = F.col("is_started"), F.col("is_failed")
    return plays.withColumns(
        {
            "event_date": utc_date("started_at"),
            "event_hour": utc_hour("started_at"),
            "viewer_id": F.coalesce(F.col("user_id"), F.col("device_id")),
            "is_startup_failure": is_failed & ~is_started,
            "is_exit_before_start": ~is_failed & ~is_started,
            "is_completed": F.col("has_complete") | (F.col("max_position_s") * 100 >= F.col("content_duration_s") * 95),
        }
    ).drop("has_complete")
