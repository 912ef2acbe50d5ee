"""gold.experiments_daily: what viewers of each variant of an experiment did, with the squares that tell how certain it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.gold.sums import UNKNOWN, count_of
from playhead.gold.user_daily import PAID_TIERS
from playhead.gold.windows import windows_of_row

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

WINDOW_DAYS = 30
MIXED = "(mixed)"
_SUMS = ("watched_ms", "plays_count", "failed_count", "stall_ms", "startup_ms", "startup_ms_count")
_PRODUCTS = {
    "watched_squares": ("watched_ms", "watched_ms"),
    "plays_squares": ("plays_count", "plays_count"),
    "failed_squares": ("failed_count", "failed_count"),
    "failed_plays_products": ("failed_count", "plays_count"),
    "stall_squares": ("stall_ms", "stall_ms"),
    "stall_watched_products": ("stall_ms", "watched_ms"),
    "startup_squares": ("startup_ms", "startup_ms"),
    "startup_count_squares": ("startup_ms_count", "startup_ms_count"),
    "startup_count_products": ("startup_ms", "startup_ms_count"),
}


def build_experiments_daily(user_daily: DataFrame, sessions: DataFrame, dates: Sequence[date]) -> DataFrame:
    """Viewers of each variant, and what each of them did in all, summed, squared and multiplied: a viewer is the unit that was drawn.

    Players and apps tell experiment and variant as one text, `autoplay:treatment`. A viewer's day counts where a visit that began on it
    told the variant: that is when the viewer was exposed. Who was told two variants of an experiment is in neither, but in the row
    '(mixed)'. Convertible is whose first plan told on these days was the free one; converted is who of them was told a paid one later.
    Paying is whose first plan told was a paid one; churned is who of them was told the free one last.

    Grain: one row per requested day, experiment and variant, over the 30 days that end on the day. When a day is rebuilt late, the 29
    days after it change too.

    Args:
        user_daily: rows of gold.user_daily of the requested days and the 29 days before each.
        sessions: rows of silver.sessions of the same days.
        dates: the days that come out.
    """
    days = user_daily.select("event_date", "viewer_id", "subscription_tier", "is_paid", *_SUMS)
    exposed = _exposures(sessions).join(days, on=["event_date", "viewer_id"], how="inner")
    # Brought together by viewer first: the windows of a viewer's days are then summed where they are.
    in_window = exposed.repartition("viewer_id").withColumn("window_date", F.explode(windows_of_row(dates, WINDOW_DAYS)))
    told_on = F.when(F.col("subscription_tier").isNotNull(), F.col("event_date"))
    first_plan, last_plan = F.min_by("subscription_tier", told_on), F.max_by("subscription_tier", told_on)
    viewers = in_window.groupBy("window_date", "experiment", "viewer_id").agg(
        F.min("least_variant").alias("least_variant"),
        F.max("most_variant").alias("most_variant"),
        (first_plan == "free").alias("is_convertible"),
        first_plan.isin(*PAID_TIERS).alias("is_paying"),
        (last_plan == "free").alias("is_free_last"),
        F.bool_or("is_paid").alias("has_paid"),
        *(F.sum(name).alias(name) for name in _SUMS),
    )
    variant = F.when(F.col("least_variant") == F.col("most_variant"), F.col("least_variant")).otherwise(MIXED)
    summed = viewers.groupBy(F.col("window_date").alias("event_date"), "experiment", variant.alias("variant")).agg(
        F.count("*").alias("exposed_viewers_count"),
        F.sum(count_of(F.col("is_convertible"))).alias("convertible_viewers_count"),
        F.sum(count_of(F.col("is_convertible") & F.col("has_paid"))).alias("converted_viewers_count"),
        F.sum(count_of(F.col("is_paying"))).alias("paying_viewers_count"),
        F.sum(count_of(F.col("is_paying") & F.col("is_free_last"))).alias("churned_viewers_count"),
        *(F.sum(name).alias(name) for name in _SUMS),
        *(F.sum(_exact(left) * _exact(right)).alias(name) for name, (left, right) in _PRODUCTS.items()),
    )
    return conform(summed, load_contract("gold.experiments_daily"))


def _exposures(sessions: DataFrame) -> DataFrame:
    """One row for each day, viewer and experiment that a visit told, with the first and the last of its variants by name."""
    told = F.split("ab_test_variant", ":", 2)
    return (
        sessions.where(F.col("ab_test_variant") != "")
        .select("event_date", "viewer_id", told[0].alias("experiment"), F.coalesce(F.get(told, 1), F.lit(UNKNOWN)).alias("variant"))
        .groupBy("event_date", "viewer_id", "experiment")
        .agg(F.min("variant").alias("least_variant"), F.max("variant").alias("most_variant"))
    )


def _exact(column: str) -> Column:
    """Wide enough that a product of two of them is a whole number: 30 days in ms, squared, would leave BIGINT at the second viewer."""
    return F.col(column).cast("decimal(18,0)")
