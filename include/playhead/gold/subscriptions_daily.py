"""gold.subscriptions_daily: how many users kept and changed which plan on each day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.gold.user_daily import PAID_TIERS
from playhead.gold.windows import requested_days

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

NO_TIER = "none"
# From the cheapest to the dearest, as in the price list of the warehouse (DIM_PLAN).
TIERS = ("free", *PAID_TIERS)


def build_subscriptions_daily(user_daily: DataFrame, dates: Sequence[date]) -> DataFrame:
    """The users of each requested day by the plan they had before, the plan they have since, and what kind of movement that is.

    A user has the plan that was told last, on that day or before, however long nobody was told another: no event tells that a
    subscription ended. So plans of a day (rows by `subscription_tier`) are always those of the day before (rows by `previous_tier`)
    and the users seen for the first time, whose previous plan is 'none'.

        kept          the plan is as before, told again or not
        first_seen    a plan is told for the first time, of a user who signed up on an earlier day, or nobody knows when
        new           a plan is told for the first time, no later than on the day of sign-up; or free until now, and never paid before
        reactivated   free until now, and paid earlier
        expansion     from a paid plan to a dearer one; contraction: to a cheaper one; churned: to free

    Grain: one row per day, plan before, plan after and movement that any user made. A change counts on the day that tells it. When a day
    is rebuilt late, all days after it change too.

    All history is read, of four columns, once for all days that come out. A table of the plan that each user has at the end of each day
    would spare that, and cost more: it has a row for every user on every day, silent ones too, where gold.user_daily has only the active
    ones, and it would be written, not only read. Nor would it spare rebuilding: a day told late moves its user from one count to another on
    every later day up to the next that tells a plan, and where he is seen for the first time or paid for the first time, on all of them.

    Args:
        user_daily: rows of gold.user_daily of the requested days and all days before.
        dates: the days that come out.
    """
    requested = requested_days(dates)
    changes = _changes(user_daily).groupBy("event_date", "previous_tier", "subscription_tier", "movement").agg(F.count("*").alias("users"))
    since = changes.withColumn("day", F.explode(F.filter(requested, lambda day: day >= F.col("event_date"))))
    after = F.col("subscription_tier")
    before = F.col("previous_tier")
    is_today = F.col("day") == F.col("event_date")
    effects = F.array_compact(
        F.array(
            # From the next day on a user keeps the plan that he came to; from this day on he does not keep the one that he left.
            F.when(is_today, _effect(before, after, F.col("movement"), 1)).otherwise(_effect(after, after, F.lit("kept"), 1)),
            F.when(before != NO_TIER, _effect(before, before, F.lit("kept"), -1)),
        )
    )
    told = since.select(F.col("day").alias("event_date"), F.inline(effects))
    counted = told.groupBy("event_date", "previous_tier", "subscription_tier", "movement").agg(F.sum("users_count").alias("users_count"))
    return conform(counted.where(F.col("users_count") > 0), load_contract("gold.subscriptions_daily"))


def _changes(user_daily: DataFrame) -> DataFrame:
    """One row for each user and day that tells another plan than the day before that told one."""
    history = Window.partitionBy("user_id").orderBy("event_date")
    until_now = history.rowsBetween(Window.unboundedPreceding, -1)
    told = user_daily.where(F.col("user_id").isNotNull() & F.col("subscription_tier").isNotNull()).select(
        "event_date",
        "subscription_tier",
        F.lag("subscription_tier", 1, NO_TIER).over(history).alias("previous_tier"),
        F.coalesce(F.max(_is_paid("subscription_tier")).over(until_now), F.lit(False)).alias("has_paid"),
        F.coalesce(F.col("user_signup_date") >= F.col("event_date"), F.lit(False)).alias("is_joining"),
    )
    return told.where(F.col("subscription_tier") != F.col("previous_tier")).withColumn("movement", _movement())


def _movement() -> Column:
    came = F.when(F.col("is_joining"), "new").otherwise("first_seen")
    paid = F.when(F.col("has_paid"), "reactivated").otherwise("new")
    changed = F.when(_rank("subscription_tier") > _rank("previous_tier"), "expansion").otherwise("contraction")
    return (
        F.when(F.col("previous_tier") == NO_TIER, came)
        .when(~_is_paid("previous_tier"), paid)
        .when(~_is_paid("subscription_tier"), "churned")
        .otherwise(changed)
    )


def _effect(before: Column, after: Column, movement: Column, sign: int) -> Column:
    count = (F.col("users") * sign).alias("users_count")
    return F.struct(before.alias("previous_tier"), after.alias("subscription_tier"), movement.alias("movement"), count)


def _is_paid(column: str) -> Column:
    return F.col(column).isin(*PAID_TIERS)


def _rank(column: str) -> Column:
    return F.array_position(F.array(*map(F.lit, TIERS)), F.col(column))
