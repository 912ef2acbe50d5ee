"""Plays and sessions are spans of events under one id: where a span starts, and how long it may last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame

MAX_SPAN_MS = 24 * 60 * 60 * 1000


VIDEO_ORDER = ("event_timestamp", "event_rank", "event_id")
_AT_ONE_INSTANT = (
    "video_play", "video_quality_change", "video_seek", "video_buffer", "video_error", "video_pause", "video_complete", "video_stop",
)  # fmt: skip


def with_event_rank(video_events: DataFrame) -> DataFrame:
    """Adds event_rank, which with VIDEO_ORDER gives a play's events one order, however they arrived.

    Events of the same instant follow the way of a player: it is asked, chooses a rendition, seeks, waits, fails, pauses, completes,
    stops. Ids settle the rest.
    """
    rank = F.array_position(F.array(*(F.lit(event_type) for event_type in _AT_ONE_INSTANT)), F.col("event_type"))
    return video_events.withColumn("event_rank", rank.cast("int"))


def flag_starts(events: DataFrame, key: str, order: Sequence[str], flag: str) -> DataFrame:
    """Marks the events that start a span: the first of their id after at least 24 h without one.

    A look back of 24 h settles it, so that an hour can be built from the hours around it and not from all history.
    """
    previous = F.lag("event_timestamp").over(Window.partitionBy(key).orderBy(*order))
    return events.withColumn(flag, F.coalesce(F.unix_millis("event_timestamp") - F.unix_millis(previous) >= MAX_SPAN_MS, F.lit(True)))


def with_span(events: DataFrame, key: str, order: Sequence[str]) -> DataFrame:
    """Adds the start of the span that each event belongs to, and the event's place; leaves out events later than 24 h after the start.

    An id that never falls silent is therefore one span of 24 h (a runaway player), not one for each day. `place` counts up in the
    given order; only its order means something.
    """
    in_order = Window.partitionBy(key).orderBy(*order)
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    start = F.last(F.when(F.col("is_start"), F.col("event_timestamp")), ignorenulls=True).over(so_far)
    flagged = flag_starts(events, key, order, "is_start")
    spans = flagged.withColumns({"started_at": start, "place": F.row_number().over(in_order)}).drop("is_start")
    return spans.filter(F.unix_millis("event_timestamp") - F.unix_millis("started_at") <= MAX_SPAN_MS)
