"""Recommend titles: contest -> rank, two steps that a run takes in order and can repeat one by one.

Nothing is kept from one run to the next: factors are learnt anew from gold each day, so a backfill of a past day gives what that day would
have given. The steps share a run's directory: the plan (days, pinned table version, verdict) as JSON. It goes when the lists are published.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from playhead.contracts.model import load_contract
from playhead.errors import ModelError, TooEarlyError
from playhead.gold.complete_days import complete_days
from playhead.io.contest_record import ContestRecord, record_contest
from playhead.io.delta import read_table
from playhead.io.delta_table import table_version
from playhead.io.run_files import read_json, remove_tree, run_directory, staging_directory, write_json
from playhead.jobs.publish_day import publish_day
from playhead.recommendations.build import TABLE, build_recommendations
from playhead.recommendations.contest import MODEL, POPULAR, RECENT, Judgement, decide, judge
from playhead.recommendations.factors import train_factors
from playhead.recommendations.preferences import build_catalogue, build_held_out, build_histories, build_preferences, viewer_bucket
from playhead.recommendations.rank import LIST_LENGTH, FactorModel, PopularTitles, Ranker
from playhead.recommendations.windows import Days, RankingDays, plan_days

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from playhead.jobs.run_context import RunContext

logger = logging.getLogger(__name__)

INPUT = "gold.user_content_daily"
# Viewers beyond this many, by a hash of their id, are neither learnt from nor judged: what is learnt stops changing long before.
MAX_LEARNT_VIEWERS = 200_000
_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Learnt:
    """Preferences of some days, those of the viewers that a model learns from, their catalogue by index, every way to rank it, and the
    titles that most viewers like.
    """

    preferences: DataFrame
    sampled: DataFrame
    titles: DataFrame
    titles_count: int
    rankers: Mapping[str, Ranker]
    popular: list[str]


def hold_contest(spark: SparkSession, lake: str, run: RunContext) -> dict[str, Any]:
    """Work out the days from gold.user_content_daily, and let the model and both baselines compete over the last week of them.

    With too little history there is no contest, popular titles ship, and the answer says why. A backfill sees nothing after its interval.

    Raises:
        TooEarlyError: no day is complete, nothing has been published yet, or nobody has liked any title.
    """
    version = table_version(lake, INPUT)
    if version is None:
        raise TooEarlyError(f"{INPUT} has no rows yet; run build_daily over at least two days first")
    rows = read_table(spark, lake, INPUT, version)
    active = rows.groupBy("event_date").agg(F.countDistinct("viewer_id").alias("viewers")).collect()
    before = run.interval[1].date() if run.interval else None
    days = plan_days(*complete_days({row.event_date: row.viewers for row in active}, INPUT, before=before))
    judged = _judge(spark, rows, days)
    verdict = decide(judged)
    report = {"judged": {name: asdict(each) for name, each in sorted(judged.items())}, "ships": verdict.ships, "reason": verdict.reason}
    write_json(_plan_path(lake, run), {"version": version, "first": str(days.known.first), "score": str(days.score), **report})
    logger.info("run=%s score_date=%s: %s", run.run_id, days.score, verdict.reason)
    return {"score_date": str(days.score), **report}


def recommend(spark: SparkSession, lake: str, run: RunContext, *, docs: Path | None = None) -> dict[str, Any]:
    """Rank for every viewer with a history up to the score date, by what won the contest, and publish gold.recommendations of that day.

    Raises:
        ModelError: the run has held no contest.
        TooEarlyError: nobody has liked any title.
        GateError: the lists break their contract; what was published before stays.
    """
    plan = read_json(_plan_path(lake, run))
    if plan is None:
        raise ModelError(f"run {run.run_id} has held no contest: its lists are published already, or it never began; run its contest step")
    score_date, version = date.fromisoformat(plan["score"]), int(plan["version"])
    days = Days(date.fromisoformat(plan["first"]), score_date)
    with _learnt(spark, read_table(spark, lake, INPUT, version), days, [plan["ships"]]) as learnt:
        histories = build_histories(learnt.preferences, learnt.titles)
        lists = build_recommendations(histories, learnt.titles, learnt.rankers[plan["ships"]], learnt.titles_count, score_date)
        count = publish_day(spark, lake, run, lists, load_contract(TABLE), score_date, {INPUT: version}, docs=docs)
    record_contest(lake, ContestRecord(plan["score"], plan["ships"], plan["reason"], plan["judged"], count, learnt.popular))
    remove_tree(staging_directory(lake, run.key))
    remove_tree(run_directory(lake, run.key))
    logger.info("run=%s score_date=%s ranked_by=%s rows=%d", run.run_id, score_date, plan["ships"], count)
    return {"score_date": plan["score"], "ranked_by": plan["ships"], "rows": count}


def _judge(spark: SparkSession, rows: DataFrame, days: RankingDays) -> dict[str, Judgement]:
    if days.contest_known is None or days.held_out is None:
        return {}
    with _learnt(spark, rows, days.contest_known, [MODEL, POPULAR, RECENT]) as learnt:
        held_out = build_held_out(learnt.preferences, build_preferences(rows, days.held_out), learnt.titles)
        return judge(build_histories(learnt.sampled, learnt.titles), held_out, list(learnt.rankers.values()), learnt.titles_count)


@contextmanager
def _learnt(spark: SparkSession, rows: DataFrame, days: Days, names: list[str]) -> Iterator[Learnt]:
    """What some days teach, kept by the engine as long as it is open."""
    preferences = build_preferences(rows, days).cache()
    try:
        yield _learn(spark, preferences, names)
    finally:
        preferences.unpersist()  # the engine outlives this session, and would keep them


def _learn(spark: SparkSession, preferences: DataFrame, names: list[str]) -> Learnt:
    """The catalogue, and the named ways to rank it. A catalogue fits one process; viewers need not.

    Raises:
        TooEarlyError: nobody has liked any title.
    """
    import numpy as np

    catalogue = sorted(build_catalogue(preferences).collect())
    if not catalogue:
        raise TooEarlyError(f"{INPUT} tells of no title that anybody watched for half a minute; wait for viewers, there is nothing to rank")
    titles = spark.createDataFrame([(i, row.content_id) for i, row in enumerate(catalogue)], "title_index bigint, content_id string")
    rankers: dict[str, Ranker] = {
        POPULAR: PopularTitles(POPULAR, np.array([float(row.viewers) for row in catalogue])),
        RECENT: PopularTitles(RECENT, np.array([float(row.recent_viewers) for row in catalogue])),
    }
    sampled = preferences
    if MODEL in names:
        sampled = preferences.filter(viewer_bucket(_BUCKETS) < _learnt_buckets(preferences))
        rankers[MODEL] = FactorModel(MODEL, train_factors(sampled, titles, len(catalogue)))
    popular = [row.content_id for row in sorted(catalogue, key=lambda row: -row.viewers)[:LIST_LENGTH]]
    return Learnt(preferences, sampled, titles, len(catalogue), {name: rankers[name] for name in names}, popular)


def _learnt_buckets(preferences: DataFrame) -> int:
    """Below which bucket viewers are learnt from."""
    viewers = preferences.select("viewer_id").distinct().count()
    return int(min(1.0, MAX_LEARNT_VIEWERS / max(1, viewers)) * _BUCKETS)


def _plan_path(lake: str, run: RunContext) -> str:
    return f"{run_directory(lake, run.key)}/recommendations_plan.json"
