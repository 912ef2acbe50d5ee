"""How gold sums: every daily mart adds up the same measures of plays, visits, interactions and ads, each defined here once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

# Prices are summed in dollars; there is no rate of exchange in the lakehouse, so an impression sold in another currency adds nothing.
REVENUE_CURRENCY = "USD"
# What a dimension says that nobody told.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Part:
    """Rows of one kind, with what each row adds to which measure."""

    rows: DataFrame
    measures: dict[str, Column]

    def only(self, *names: str) -> Part:
        """The same rows, adding to the named measures only."""
        return Part(self.rows, {name: self.measures[name] for name in names})


def count_of(condition: Column) -> Column:
    """1 where the condition holds, else 0 (NULL does not hold): summed, a count."""
    return F.when(condition, F.lit(1).cast("bigint")).otherwise(F.lit(0).cast("bigint"))


def play_part(playbacks: DataFrame) -> Part:
    """What one play adds. A startup time that is not known adds to neither the sum nor its count."""
    sums = ("watched_ms", "played_ms", "stall_ms", "stall_count", "seek_ms", "media_bits", "media_ms", "startup_ms")
    counts = {
        "started_count": "is_started",
        "failed_count": "is_failed",
        "startup_failures_count": "is_startup_failure",
        "exits_before_start_count": "is_exit_before_start",
        "ended_count": "is_ended",
        "completed_count": "is_completed",
    }
    return Part(
        playbacks,
        {"plays_count": count_of(F.lit(True)), "startup_ms_count": count_of(F.col("startup_ms").isNotNull())}
        | {name: count_of(F.col(flag)) for name, flag in counts.items()}
        | {name: F.col(name) for name in (*sums, "dropped_frames_count", "errors_count")},
    )


def session_part(sessions: DataFrame) -> Part:
    """What one visit adds."""
    sums = ("page_views_count", "app_crashes_count", "network_errors_count")
    return Part(sessions, {"sessions_count": count_of(F.lit(True))} | {name: F.col(name) for name in sums})


def interaction_part(interactions: DataFrame) -> Part:
    """What one interaction adds; every type is an interaction, and some are counted by name too."""
    named = {
        "likes_count": "user_like",
        "dislikes_count": "user_dislike",
        "comments_count": "user_comment",
        "shares_count": "user_share",
        "bookmarks_count": "user_bookmark",
    }
    return Part(
        interactions,
        {"interactions_count": count_of(F.lit(True))}
        | {name: count_of(F.col("event_type") == event_type) for name, event_type in named.items()},
    )


def in_dollars() -> Column:
    """The ad event's price is in dollars; no currency means dollars."""
    return F.coalesce(F.col("currency"), F.lit(REVENUE_CURRENCY)) == REVENUE_CURRENCY


def ad_part(ad_events: DataFrame) -> Part:
    """What one ad event adds; only an impression earns."""
    is_impression = F.col("event_type") == "ad_impression"
    return Part(
        ad_events,
        {
            "ad_impressions_count": count_of(is_impression),
            "ad_clicks_count": count_of(F.col("event_type") == "ad_click"),
            "ad_revenue": F.when(is_impression & in_dollars(), F.col("ad_price")),
        },
    )


def sum_parts(parts: Sequence[Part], key: Sequence[str]) -> DataFrame:
    """One row per key that occurs in any part, with every measure summed over all parts.

    A part that does not have a measure, and a NULL, add 0. All measures are BIGINT or DECIMAL, so the sum does not depend on the order
    of the rows.
    """
    narrow = [part.rows.select(*key, *(column.alias(name) for name, column in part.measures.items())) for part in parts]
    stacked = reduce(lambda above, below: above.unionByName(below, allowMissingColumns=True), narrow)
    names = dict.fromkeys(name for part in parts for name in part.measures)
    return stacked.groupBy(*key).agg(*(F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in names))
