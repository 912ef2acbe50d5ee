"""gold.content_daily: what each title did on each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.gold.sums import Part, ad_part, count_of, interaction_part, play_part, sum_parts
from playhead.gold.valid_plays import VALID_MS

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

KEY = ("event_date", "content_id")
_PLAYS = ("plays_count", "started_count", "failed_count", "completed_count", "watched_ms", "played_ms", "stall_ms", "stall_count")

# Shares of a title's duration, in percent, that plays are counted at; the views name them too.
REACHED_PCT = (10, 25, 50, 75, 90, 99, 100)


def build_content_daily(playbacks: DataFrame, interactions: DataFrame, ad_events: DataFrame) -> DataFrame:
    """Plays, viewers, interactions and ad revenue of each title that was touched on the day.

    Grain: one row per day and title; a title with only interactions or ads that day has a row too. Plays count on the day they start,
    interactions and ads on their own day. A viewer is one who played the title. Title, genre and duration are those of the day's last
    play; without a play that day they are not known, and stay NULL rather than being taken from another day, so that the day remains a
    function of its own rows.

    Args:
        playbacks: rows of silver.playbacks.
        interactions: rows of silver.interactions.
        ad_events: rows of silver.ad_events.
    """
    plays = Part(playbacks, play_part(playbacks).only(*_PLAYS).measures | _reached() | _played())
    parts = [plays, interaction_part(interactions), ad_part(ad_events)]
    sums = sum_parts(parts, KEY)
    viewers = playbacks.groupBy(*KEY).agg(F.count_distinct("viewer_id").alias("unique_viewers_count"))
    titled = sums.join(_described(playbacks, interactions, ad_events), on=list(KEY), how="inner").join(viewers, on=list(KEY), how="left")
    counted = titled.withColumn("unique_viewers_count", F.coalesce("unique_viewers_count", F.lit(0)))
    return conform(counted, load_contract("gold.content_daily"))


def _reached() -> dict[str, Column]:
    """How far plays came: the furthest place of the playhead against the duration, in whole numbers."""
    furthest, duration = F.col("max_position_s") * 100, F.col("content_duration_s")
    return {f"reached_{share}pct_count": count_of(F.col("is_started") & (furthest >= duration * share)) for share in REACHED_PCT}


def _played() -> dict[str, Column]:
    """How much of the title plays showed; repeating a part of it does not make it more than the whole."""
    is_started, duration_ms = F.col("is_started"), F.col("content_duration_s") * 1000
    return {
        "valid_plays_count": count_of(is_started & (F.col("played_ms") >= VALID_MS)),
        "played_within_ms": F.when(is_started, F.least(F.col("played_ms"), duration_ms)),
        "offered_ms": F.when(is_started, duration_ms),
    }


def _described(playbacks: DataFrame, interactions: DataFrame, ad_events: DataFrame) -> DataFrame:
    """What is known of each title of the day: a play tells more than an event, a later one more than an earlier one."""
    told = ("content_title", "content_type", "content_genre", "content_duration_s")
    by_plays = playbacks.select(*KEY, F.lit(1).alias("rank"), F.col("started_at").alias("at"), F.col("playback_id").alias("tie"), *told)
    by_events = [
        events.select(*KEY, F.lit(0).alias("rank"), F.col("event_timestamp").alias("at"), F.col("event_id").alias("tie"), "content_type")
        for events in (interactions, ad_events)
    ]
    stacked = by_plays
    for events in by_events:
        stacked = stacked.unionByName(events, allowMissingColumns=True)
    last = F.max(F.struct("rank", "at", "tie", *told)).alias("last")
    return stacked.groupBy(*KEY).agg(last).select(*KEY, *(F.col(f"last.{name}").alias(name) for name in told))
