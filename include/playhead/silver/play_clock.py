"""The clock of a play: what each moment between its events was, by CTA-2066.

A play's events cut its wall clock into gaps; a gap belongs to the event it follows. A gap is watched, paused, or neither (before the
playback request, and after the play ended). Watched time is startup, seek wait, stall or time on screen, in that order of precedence, so
the four add up to it exactly, however reports overlap:

    request --- first frame ------- stall ------ pause ----- resume ------ stop
    |  startup  |    on screen    |   stall   |    paused   |   on screen   |
    |<----------------- watched ------------->|             |<-- watched -->|

A run is a video_play with what follows it until the next one. A stall ends with its run, and what falls into a pause is paused. A
video_play after the end (a replay under the same playback_id) opens the clock again, within the same play.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from playhead.silver.spans import MAX_SPAN_MS

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, WindowSpec

SEEK_WAIT_MS = 2_000


def with_play_clock(events: DataFrame) -> DataFrame:
    """Adds what the gap after each event was: watched_ms, paused_ms, startup_wait_ms, seek_ms, stalled_ms and screen_ms.

    Also adds first_startup_ms, is_started, is_stall, is_echo (came after the end), bitrate_in_force and bitrate_before, which was in force
    until the event. Needs started_at and place (spans.with_span).
    """
    return _with_waits(_with_gaps(_with_states(_with_neighbours(events))))


def is_terminal() -> Column:
    """The event ends the play."""
    return _is("video_stop", "video_complete") | (_is("video_error") & F.coalesce(F.col("is_fatal"), F.lit(False)))


def _play() -> WindowSpec:
    return Window.partitionBy("playback_id", "started_at").orderBy("place")


def _so_far() -> WindowSpec:
    return _play().rowsBetween(Window.unboundedPreceding, Window.currentRow)


def _before() -> WindowSpec:
    return _play().rowsBetween(Window.unboundedPreceding, -1)


def _throughout() -> WindowSpec:
    return _play().rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)


def _is(*event_types: str) -> Column:
    return F.col("event_type").isin(*event_types)


def _with_neighbours(events: DataFrame) -> DataFrame:
    """What the events before and after say about each event."""
    is_control = _is("video_play", "video_pause", "video_buffer", "video_seek") | is_terminal()
    return events.withColumn("at_ms", F.unix_millis("event_timestamp")).withColumns(
        {
            "next_ms": F.lead("at_ms").over(_play()),
            "previous_ms": F.lag("at_ms").over(_play()),
            "previous_type": F.lag("event_type").over(_play()),
            "previous_position_s": F.lag("playback_position_s").over(_play()),
            "run": F.count(F.when(_is("video_play"), True)).over(_so_far()),
            "bitrate_in_force": F.last("bitrate_kbps", ignorenulls=True).over(_so_far()),
            "bitrate_before": F.last("bitrate_kbps", ignorenulls=True).over(_before()),
            "first_startup_ms": F.first("startup_ms", ignorenulls=True).over(_throughout()),
            "first_control": F.first(F.when(is_control, F.col("event_type")), ignorenulls=True).over(_throughout()),
        }
    )


def _is_playhead_moved() -> Column:
    """The playhead ran on from the event before, other than by a seek.

    A play whose request was lost is measured from the start of the title.
    """
    before = F.coalesce(F.col("previous_position_s"), F.when(_is("video_play"), F.col("playback_position_s")).otherwise(0))
    is_sought = _is("video_seek") | F.coalesce(F.col("previous_type") == "video_seek", F.lit(False))
    return (F.col("playback_position_s") > before) & ~is_sought


def _with_states(events: DataFrame) -> DataFrame:
    """Whether the play is over, paused or playing after each event, and whether it ever showed a first frame.

    Reports before the playback request (a player that loads ahead) open no clock; where the request itself was lost, the first event
    does.
    """
    run = F.col("run")
    is_over = F.coalesce(F.max(F.when(is_terminal(), run)).over(_so_far()) == run, F.lit(False))
    was_paused = F.coalesce(F.max(F.when(_is("video_pause"), run)).over(_so_far()) == run, F.lit(False))
    is_requested = (run > 0) | ~F.coalesce(F.col("first_control") == "video_play", F.lit(False))
    is_started = F.col("first_startup_ms").isNotNull() | F.coalesce(F.max(_is_playhead_moved()).over(_throughout()), F.lit(False))
    states = events.withColumns({"is_over": is_over, "was_paused": was_paused, "is_started": is_started, "is_requested": is_requested})
    return states.withColumns(
        {
            "is_playing": F.col("is_requested") & ~F.col("is_over") & ~F.col("was_paused"),
            "is_paused": F.col("was_paused") & ~F.col("is_over"),
        }
    )


def _with_gaps(events: DataFrame) -> DataFrame:
    """Length of the gap after each event: to the next one; after the last, the stall it reports, within 24 h of the start."""
    last_ms = F.unix_millis("started_at") + MAX_SPAN_MS
    stall_end = F.least(F.col("at_ms") + F.coalesce(F.col("stall_ms"), F.lit(0)), last_ms)
    tail_end = F.when(_is("video_buffer") & F.col("is_playing"), stall_end).otherwise(F.col("at_ms"))
    is_seek_wait = (F.col("previous_type") == "video_seek") & (F.col("at_ms") - F.col("previous_ms") <= SEEK_WAIT_MS)
    gaps = events.withColumn("gap_ms", F.coalesce(F.col("next_ms"), tail_end) - F.col("at_ms"))
    return gaps.withColumns(
        {
            "tail_ms": F.when(F.col("next_ms").isNull(), F.col("gap_ms")).otherwise(0),
            "watched_ms": F.when(F.col("is_playing"), F.col("gap_ms")).otherwise(0),
            "paused_ms": F.when(F.col("is_paused"), F.col("gap_ms")).otherwise(0),
            "is_wait": _is("video_buffer") & F.col("is_playing"),
            "is_seek_wait": _is("video_buffer") & F.coalesce(is_seek_wait, F.lit(False)),
        }
    )


def _covered_ms(waits: Column) -> Column:
    """How much of the gap the waits of this run, reported so far, cover: a wait may outlast the events that follow it."""
    reported = F.struct(F.col("run"), (F.col("at_ms") + F.coalesce(F.col("stall_ms"), F.lit(0))).alias("end_ms"))
    latest = F.max(F.when(waits, reported)).over(_so_far())
    until_ms = F.when(latest["run"] == F.col("run"), latest["end_ms"]).otherwise(F.col("at_ms"))
    return F.greatest(F.lit(0), F.least(until_ms - F.col("at_ms"), F.col("watched_ms")))


def _with_waits(events: DataFrame) -> DataFrame:
    """Divides each watched gap into startup, seek wait, stall and time on screen.

    Startup is the first watched time, as long as the player reported it; in a play that never started it is all there was.
    """
    covered = events.withColumns(
        {
            "watched_before_ms": F.sum("watched_ms").over(_so_far()) - F.col("watched_ms"),
            "seek_covered_ms": _covered_ms(F.col("is_wait") & F.col("is_seek_wait")),
            "stall_covered_ms": _covered_ms(F.col("is_wait") & ~F.col("is_seek_wait")),
            "is_echo": F.coalesce(F.lag("is_over").over(_play()), F.lit(False)) & ~_is("video_play"),
        }
    )
    startup_left = F.coalesce(F.col("first_startup_ms"), F.lit(0)) - F.col("watched_before_ms")
    startup_wait = F.greatest(F.lit(0), F.least(startup_left, F.col("watched_ms")))
    outlasts_startup = (startup_left <= 0) | (F.coalesce(F.col("stall_ms"), F.lit(0)) > startup_left)
    is_stall = F.col("is_wait") & ~F.col("is_seek_wait") & F.col("is_started") & outlasts_startup
    waits = covered.withColumns(
        {"startup_wait_ms": F.when(F.col("is_started"), startup_wait).otherwise(F.col("watched_ms")), "is_stall": is_stall}
    )
    seek_ms = F.greatest(F.lit(0), F.col("seek_covered_ms") - F.col("startup_wait_ms"))
    stalled_ms = F.greatest(F.lit(0), F.col("stall_covered_ms") - F.greatest("startup_wait_ms", "seek_covered_ms"))
    parts = waits.withColumns({"seek_ms": seek_ms, "stalled_ms": stalled_ms})
    on_screen = F.col("watched_ms") - F.col("startup_wait_ms") - F.col("seek_ms") - F.col("stalled_ms")
    return parts.withColumn("screen_ms", on_screen)
