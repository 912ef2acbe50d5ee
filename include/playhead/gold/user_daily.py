"""gold.user_daily: what each active viewer did on each day."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.gold.engagement import engagement_score
from playhead.gold.sums import ad_part, interaction_part, play_part, session_part, sum_parts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

KEY = ("event_date", "viewer_id")
PAID_TIERS = ("basic", "premium", "enterprise")
_PLAYS = (
    "plays_count", "started_count", "failed_count", "completed_count", "watched_ms", "played_ms", "stall_ms", "stall_count",
    "startup_ms", "startup_ms_count",
)  # fmt: skip
_PROFILE = ("user_id", "subscription_tier", "user_signup_date", "country", "platform")


def build_user_daily(
    playbacks: DataFrame, sessions: DataFrame, session_events: DataFrame, interactions: DataFrame, ad_events: DataFrame
) -> DataFrame:
    """The viewer's day: visits, plays, quality, interactions, ads, plan and engagement.

    Grain: one row per day and viewer with at least one play, visit, interaction or ad event that day. Plays and visits count on the day
    they start; the events of a visit that began the day before tell the plan but do not make a day active. Plan, sign-up day, country and
    platform are the last ones known on the day; a viewer whose plan nobody told that day is not counted as paid.

    Args:
        playbacks: rows of silver.playbacks.
        sessions: rows of silver.sessions.
        session_events: rows of silver.session_events.
        interactions: rows of silver.interactions.
        ad_events: rows of silver.ad_events.
    """
    parts = [
        play_part(playbacks).only(*_PLAYS),
        session_part(sessions),
        interaction_part(interactions).only("interactions_count", "likes_count"),
        ad_part(ad_events),
    ]
    titles = playbacks.groupBy(*KEY).agg(F.count_distinct("content_id").alias("unique_titles_count"))
    profile = _profile(playbacks, sessions, session_events, interactions, ad_events)
    days = sum_parts(parts, KEY).join(profile, on=list(KEY), how="inner").join(titles, on=list(KEY), how="left")
    complete = days.withColumns(
        {
            "unique_titles_count": F.coalesce("unique_titles_count", F.lit(0).cast("bigint")),
            "is_paid": F.coalesce(F.col("subscription_tier").isin(*PAID_TIERS), F.lit(False)),
        }
    )
    return conform(complete.withColumn("engagement_score", engagement_score()), load_contract("gold.user_daily"))


def _profile(
    playbacks: DataFrame, sessions: DataFrame, session_events: DataFrame, interactions: DataFrame, ad_events: DataFrame
) -> DataFrame:
    """The last known value of each trait on the viewer's day. At the same instant an event outranks the visit made from it."""
    sources = [
        _facts(sessions, at="started_at", tie="session_id", rank=0),
        _facts(playbacks, at="started_at", tie="playback_id", rank=1),
        *(_facts(events, at="event_timestamp", tie="event_id", rank=2) for events in (ad_events, interactions, session_events)),
    ]
    facts = reduce(lambda above, below: above.unionByName(below, allowMissingColumns=True), sources)
    last_known = (F.max_by(trait, F.when(F.col(trait).isNotNull(), F.col("recency"))).alias(trait) for trait in _PROFILE)
    return facts.groupBy(*KEY).agg(*last_known)


def _facts(rows: DataFrame, *, at: str, tie: str, rank: int) -> DataFrame:
    """The traits that rows tell, each with its place in time."""
    recency = F.struct(F.col(at).alias("at"), F.lit(rank).alias("rank"), F.col(tie).alias("tie"))
    return rows.select(*KEY, *(name for name in _PROFILE if name in rows.columns), recency.alias("recency"))
