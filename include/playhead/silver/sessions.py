"""silver.sessions: one row per visit, from what the app says of it and from what was played in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.silver.spans import MAX_SPAN_MS, VIDEO_ORDER, flag_starts, with_event_rank, with_span
from playhead.silver.units import utc_date, utc_hour

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_EVENT = ("event_id", "event_type", "event_timestamp", "session_id")
_FIRST_KNOWN = ("user_id", "device_id", "device_type", "platform", "app_version", "country", "region", "ab_test_variant")
_FIRST_KNOWN_TO_APP = ("user_signup_date",)
_LAST_KNOWN_TO_APP = ("subscription_tier", "user_tier_change_date")
_COUNTERS = ("page_views_count", "videos_watched_count", "app_crashes_count", "network_errors_count")
_BEFORE_VIDEO = 0  # at one instant, what the app says of the session comes before what its player does


def build_sessions(session_events: DataFrame, video_events: DataFrame) -> DataFrame:
    """All sessions that start within the given events.

    Grain: one row per session. A session starts with the first event of its session_id, of either kind, after at least 24 h without one
    (a web player may send no session events at all), belongs to the hour of that event and lasts at most 24 h; so sessions of an hour
    need the events of the 24 hours before it and after it. A play counts in the session that it began in. Arrival order and late data
    make no difference: rerunning on all events gives what they always give.
    """
    spans = with_span(_timeline(session_events, video_events), "session_id", VIDEO_ORDER)
    about = F.col("about")
    known = [
        *(F.min_by(about[name], _place(about[name])).alias(name) for name in _FIRST_KNOWN),
        *(F.min_by(name, _place(F.col(name))).alias(name) for name in _FIRST_KNOWN_TO_APP),
        *(F.max_by(name, _place(F.col(name))).alias(name) for name in _LAST_KNOWN_TO_APP),
    ]
    is_end = F.col("event_type") == "session_end"
    sessions = spans.groupBy("session_id", "started_at").agg(
        *known,
        # Counters run up within a session, so the highest is the last, in whichever order they came.
        *(F.coalesce(F.max(name), F.lit(0)).alias(name) for name in _COUNTERS),
        F.max("event_timestamp").alias("ended_at"),
        F.bool_or(is_end).alias("is_ended"),
        F.max_by("session_duration_ms", F.when(is_end, _place(F.col("session_duration_ms")))).alias("told_duration_ms"),
        F.count_if("is_play_start").alias("plays_count"),
        F.count_if(F.col("event_type") == "device_change").alias("device_changes_count"),
        F.count("*").alias("events_count"),
    )
    seen_ms = F.unix_millis("ended_at") - F.unix_millis("started_at")
    described = sessions.withColumns(
        {
            "event_date": utc_date("started_at"),
            "event_hour": utc_hour("started_at"),
            "viewer_id": F.coalesce(F.col("user_id"), F.col("device_id")),
            "session_duration_ms": F.least(F.coalesce(F.col("told_duration_ms"), seen_ms), F.lit(MAX_SPAN_MS)),
        }
    ).drop("told_duration_ms")
    return conform(described, load_contract("silver.sessions"))


def _timeline(session_events: DataFrame, video_events: DataFrame) -> DataFrame:
    """Events of both kinds under their session, each saying whether it starts a play."""
    about = F.struct(*_FIRST_KNOWN).alias("about")  # only passed on, so it travels packed
    app_knows = (*_FIRST_KNOWN_TO_APP, *_LAST_KNOWN_TO_APP, *_COUNTERS, "session_duration_ms")
    told = session_events.select(*_EVENT, about, *app_knows).withColumns(
        {"event_rank": F.lit(_BEFORE_VIDEO), "is_play_start": F.lit(False)}
    )
    played = with_event_rank(video_events.select(*_EVENT, "playback_id", about))
    plays = flag_starts(played, "playback_id", VIDEO_ORDER, "is_play_start").drop("playback_id")
    return told.unionByName(plays, allowMissingColumns=True)


def _place(fact: Column) -> Column:
    """Where in the session's order the event stands, if it knows the fact."""
    return F.when(fact.isNotNull(), F.col("place"))
