"""gold.qoe_live: what happens now, by the minute, from the stream of bronze.events; Spark keeps the plays under way as state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pyspark.sql import Row
from pyspark.sql import functions as F
from pyspark.sql.streaming.stateful_processor import StatefulProcessor

from playhead.contracts.model import load_contract
from playhead.gold.live_plays import LivePlays
from playhead.gold.play_state import read_events
from playhead.gold.sums import UNKNOWN

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.streaming.stateful_processor import ExpiredTimerInfo, StatefulProcessorHandle, TimerValues

# An event that reaches the broker later than this after it happened is not live: the hourly tables count it.
LATE_AFTER = timedelta(minutes=2)
# Longer than that by as much as the batches of bronze may mix up the order of arrival.
WATERMARK = timedelta(minutes=3)
ROWS_DDL = (
    "minute_ms bigint, revision bigint, country string, platform string, is_final boolean, plays_count bigint, open_count bigint, "
    "open_ms bigint, failed_count bigint, stall_count bigint, stall_ms bigint, ad_impressions_count bigint, ad_errors_count bigint"
)
_COUNTED_ADS = ("ad_impression", "ad_error")


def build_qoe_live(events: DataFrame) -> DataFrame:
    """The minutes that change, each time as a whole row, with the `revision` by which the last of several is told.

    Grain: one row per minute, country and platform, and change of it. Event time is never after the broker's: a client whose clock is ahead
    would otherwise end the minutes of all others. What the broker got too late is dropped by its own two times, before there is any
    state, so that a historical load costs a filter, and an app that was down for hours counts what it would have counted.

    Args:
        events: rows of bronze.events, as a stream.
    """
    is_counted = (F.col("family") == "video") | F.col("event_type").isin(*_COUNTED_ADS)
    in_time = F.col("kafka_timestamp") <= F.col("event_timestamp") + F.lit(LATE_AFTER)
    at = F.least("event_timestamp", "kafka_timestamp")
    counted = events.where(is_counted & in_time & F.col("rejected_because").isNull()).select(
        F.coalesce("country", F.lit(UNKNOWN)).alias("country"),
        "platform",
        at.alias("at"),
        F.unix_millis(at).alias("at_ms"),
        "event_type",
        "event_id",
        "playback_id",
        F.when(F.col("event_type") == "video_buffer", F.round(F.col("buffer_duration") * 1000).cast("bigint")).alias("stall_ms"),
        F.col("fatal").alias("is_fatal"),
    )
    groups = counted.withWatermark("at", f"{WATERMARK.seconds} seconds").groupBy("country", "platform")
    rows = groups.transformWithState(LiveProcessor(), ROWS_DDL, outputMode="Update", timeMode="EventTime")
    return with_contract_columns(rows)


def with_contract_columns(rows: DataFrame) -> DataFrame:
    """Rows of the processor in the shape of gold.qoe_live, and their `revision`."""
    contract = load_contract("gold.qoe_live")
    minute = F.timestamp_millis("minute_ms")
    shaped = rows.withColumns({"event_minute": minute, "event_hour": F.date_trunc("hour", minute), "event_date": F.to_date(minute)})
    return shaped.select(*contract.column_names, "revision")


class LiveProcessor(StatefulProcessor):
    """The state of a country and platform as one text, and a timer for the next minute to close.

    One text, because each question to the state store costs more than all plays of a group do: they are asked for once a batch.
    """

    def init(self, handle: StatefulProcessorHandle) -> None:
        """Opens the state."""
        self._handle = handle
        self._state = handle.getValueState("plays", "plays string")

    def handleInputRows(self, key: Any, rows: Iterator[Row], timerValues: TimerValues) -> Iterator[Row]:  # type: ignore[override]  # noqa: N802, N803  names are Spark's
        """Counts what came."""
        live = self._read()
        answer = live.take(read_events(rows))
        self._write(live)
        return _rows(key, answer)

    def handleExpiredTimer(self, key: Any, timerValues: TimerValues, expiredTimerInfo: ExpiredTimerInfo) -> Iterator[Row]:  # noqa: N802, N803  names are Spark's
        """Closes the minutes that are over."""
        live = self._read()
        live.counts.timer_ms = 0
        answer = live.close(timerValues.getCurrentWatermarkInMs())
        self._write(live)
        return _rows(key, answer)

    def _read(self) -> LivePlays:
        held = self._state.get()
        return LivePlays.from_json(None if held is None else held[0])

    def _write(self, live: LivePlays) -> None:
        counts, next_ms = live.counts, live.counts.next_close_ms()
        if next_ms is None:
            self._state.clear()
            return
        if not counts.timer_ms or next_ms < counts.timer_ms:
            if counts.timer_ms:
                self._handle.deleteTimer(counts.timer_ms)
            self._handle.registerTimer(next_ms)
            counts.timer_ms = next_ms
        self._state.update((live.as_json(),))


def _rows(key: tuple[str, str], answer: Iterable[dict[str, Any]]) -> Iterator[Row]:
    country, platform = key
    return (Row(**row, country=country, platform=platform) for row in answer)
