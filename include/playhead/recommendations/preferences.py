"""What viewers played, as preferences: implicit feedback, since nobody is asked for stars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.recommendations.windows import HELD_OUT_DAYS, Days

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

# A play counts from half a minute on (DOMAIN section 6, is_valid_play); who leaves earlier has seen the title, and shown no liking.
LEAST_WATCHED_MS = 30_000


def build_preferences(user_content_daily: DataFrame, days: Days) -> DataFrame:
    """How often each viewer played each title within some days.

    Grain: one row per viewer and title played. `plays` is the strength of the preference: 0 where the title was seen for less than half a
    minute in all. `recent_plays` counts those of the last week of the days.

    Args:
        user_content_daily: rows of gold.user_content_daily.
        days: the days that may be looked at; no other row tells anything.
    """
    is_recent = F.date_diff(F.lit(days.last), F.col("event_date")) < HELD_OUT_DAYS
    within = user_content_daily.filter(F.col("event_date").between(F.lit(days.first), F.lit(days.last)) & (F.col("plays_count") > 0))
    is_liked = F.sum("watched_ms") >= LEAST_WATCHED_MS
    return within.groupBy("viewer_id", "content_id").agg(
        F.when(is_liked, F.sum("plays_count")).otherwise(F.lit(0)).alias("plays"),
        F.when(is_liked, F.coalesce(F.sum(F.when(is_recent, F.col("plays_count"))), F.lit(0))).otherwise(F.lit(0)).alias("recent_plays"),
    )


def build_catalogue(preferences: DataFrame) -> DataFrame:
    """The titles that somebody likes, with the number of viewers who do: over all the days, and within the last week of them.

    Grain: one row per title.
    """
    return (
        preferences.filter("plays > 0")
        .groupBy("content_id")
        .agg(F.count(F.lit(1)).alias("viewers"), F.count_if(F.col("recent_plays") > 0).alias("recent_viewers"))
    )


def build_histories(preferences: DataFrame, titles: DataFrame) -> DataFrame:
    """What each viewer played, in one row: `title_indexes` and `plays` side by side, by index.

    Grain: one row per viewer. Titles that nobody likes have no index, and are left out.

    Args:
        preferences: as build_preferences makes them.
        titles: title_index and content_id of the catalogue.
    """
    played = preferences.join(F.broadcast(titles), "content_id")
    pairs = F.array_sort(F.collect_list(F.struct("title_index", "plays")))
    return played.groupBy("viewer_id").agg(pairs.alias("pairs")).select("viewer_id", *_side_by_side("pairs"))


def build_held_out(preferences: DataFrame, later: DataFrame, titles: DataFrame) -> DataFrame:
    """What each viewer began to like later on: titles liked in the held-out days and not played in the days before.

    Grain: one row per viewer with any. `new_indexes` are those in the catalogue, by index; `new_count` counts all, so that a title which
    nobody could have recommended is a miss.

    Args:
        preferences: of the days before.
        later: of the held-out days.
        titles: title_index and content_id of the catalogue of the days before.
    """
    new = later.filter("plays > 0").join(preferences, ["viewer_id", "content_id"], "left_anti")
    indexed = new.join(F.broadcast(titles), "content_id", "left")
    return indexed.groupBy("viewer_id").agg(
        F.array_sort(F.collect_list("title_index")).alias("new_indexes"), F.count(F.lit(1)).alias("new_count")
    )


def viewer_bucket(buckets: int) -> Column:
    """The bucket of a viewer by a hash of the id: the same in every run."""
    return F.pmod(F.xxhash64("viewer_id"), F.lit(buckets))


def _side_by_side(pairs: str) -> list[Column]:
    return [F.col(pairs)["title_index"].alias("title_indexes"), F.col(pairs)["plays"].alias("plays")]
