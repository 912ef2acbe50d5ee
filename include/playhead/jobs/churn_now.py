"""The churn risk of one paid user as of now: the features and the model of the day's scores, over what has been published since."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.churn.cutoffs import CutoffPlan
from playhead.churn.features import build_features
from playhead.churn.now import ChurnNow
from playhead.churn.score import build_churn_scores
from playhead.errors import TooEarlyError, UnknownUserError
from playhead.io.delta import read_table
from playhead.io.delta_table import table_version
from playhead.io.partitions import partition_end
from playhead.jobs.churn import INPUTS, observed_days
from playhead.jobs.published import read_published
from playhead.jobs.registry import BUILDS

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    from playhead.churn.registry import ChurnRegistry

_USER_DAILY, _USER_CONTENT_DAILY = INPUTS


class ChurnScorer:
    """Scores users of one lake, one at a time. The last complete day is looked for once for each version of gold.user_daily."""

    def __init__(self, lake: str, registry: ChurnRegistry, horizon_days: int) -> None:
        """`horizon_days` is of the rule, where no model is in service; a model has its own."""
        self._lake, self._registry, self._horizon_days = lake, registry, horizon_days
        self._complete: tuple[int, date] | None = None

    def score(self, spark: SparkSession, user_id: str) -> ChurnNow:
        """The risk of a paid user, who leaves by not being active within the horizon after the cut-off.

        Up to the last complete day the user's days are those of gold.user_daily. Later ones are built from silver as the next daily build
        will, so they go up to the last published hour; the cut-off is the last of them. A day without the user is no absence before it is
        over: who was not seen since the last complete day is scored as of that day, as the day's run did.

        Raises:
            TooEarlyError: nothing has been published yet, or no day is complete.
            UnknownUserError: no paid user with this id was seen.
            ModelError: the champion's files are not the ones that were registered.
        """
        complete = self._last_complete_day(spark)
        user = F.col("viewer_id") == F.lit(user_id)
        days, titles = (self._days(spark, table, user, complete) for table in INPUTS)
        newest = days.agg(F.max("event_date").alias("newest")).collect()[0].newest
        cutoff = max(complete, newest or complete)
        features = build_features(days, titles, CutoffPlan((), None, cutoff, self._horizon_days))
        rows = build_churn_scores(features, self._horizon_days, self._registry.champion()).collect()
        if not rows:
            raise UnknownUserError(
                f"no paid user {user_id!r} was seen up to {cutoff}; ids are those of gold.user_daily, as in V_CHURN_RISK"
            )
        (row,) = rows
        return ChurnNow(
            user_id=row.user_id,
            cutoff_date=row.score_date,
            known_until=self._known_until(),
            churn_probability=row.churn_probability,
            churn_risk_category=row.churn_risk_category,
            top_reasons=row.top_reasons,
            days_since_last_active=row.days_since_last_active,
            horizon_days=row.horizon_days,
            model_version=row.model_version,
        )

    def _days(self, spark: SparkSession, table: str, user: Column, complete: date) -> DataFrame:
        """A user's rows of a daily table: the published ones up to the last complete day, and those since, of which there are a few."""
        build = BUILDS[table]
        since = [read_table(spark, self._lake, name).filter(user & (F.col("event_date") > F.lit(complete))) for name in build.inputs]
        built = build.builder(*since)
        published = read_table(spark, self._lake, table).filter(user & (F.col("event_date") <= F.lit(complete)))
        return published.select(*built.columns).unionByName(spark.createDataFrame(built.collect(), built.schema))

    def _last_complete_day(self, spark: SparkSession) -> date:
        version = table_version(self._lake, _USER_DAILY)
        if version is None:
            raise TooEarlyError(f"{_USER_DAILY} has no rows yet; run build_daily over at least two days first")
        if self._complete is None or self._complete[0] != version:
            self._complete = (version, observed_days(read_table(spark, self._lake, _USER_DAILY, version))[1])
        return self._complete[1]

    def _known_until(self) -> datetime:
        hours = read_published(self._lake, ("silver.playbacks",)).keys_with_rows("silver.playbacks")
        if not hours:
            raise TooEarlyError("silver.playbacks has no published hour yet; run build_hourly first")
        return partition_end(hours[-1])
