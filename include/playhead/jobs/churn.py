"""Retrain churn: features -> check -> train and promote -> score, steps that a run takes in order and can repeat one by one.

The steps share a run's directory: the plan (cut-offs, pinned table versions) and the answer of the check (`jobs/churn_check.py`) as JSON,
and the features as Parquet. All of it goes when the scores are published. Everything follows from gold and the models, so a step done
again gives the same result.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from playhead.churn.baseline import RULE_VERSION
from playhead.churn.card import RunRecord
from playhead.churn.cutoffs import CutoffPlan, plan_cutoffs
from playhead.churn.drift import Need
from playhead.churn.features import USER_BUCKETS, count_labelled
from playhead.churn.features import build_features as build_feature_rows
from playhead.churn.model import ChurnModel
from playhead.churn.populations import build_reference
from playhead.churn.promote import Contest, decide
from playhead.churn.registry import ChurnRegistry, RegisteredModel
from playhead.churn.score import build_churn_scores
from playhead.churn.train import NUM_THREADS, PARAMETERS, Evaluation, check_learnable, evaluate, train_model
from playhead.contracts.model import load_contract
from playhead.errors import ModelError, TooEarlyError
from playhead.gold.complete_days import complete_days
from playhead.io.delta import read_table
from playhead.io.delta_table import table_version
from playhead.io.run_files import read_json, remove_tree, run_directory, staging_directory, staging_path, write_json
from playhead.jobs.publish_day import publish_day

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession

    from playhead.jobs.run_context import RunContext

logger = logging.getLogger(__name__)

INPUTS = ("gold.user_daily", "gold.user_content_daily")
SCORES = "gold.churn_scores"
# Users beyond this many rows are left out of training by a hash of their id: what is learnt stops changing long before.
MAX_TRAINING_ROWS = 200_000
BACKFILL_TRAINS_NONE = "a backfill scores with the model in service and trains none"
LABELLED = ("train", "calibration", "held_out")


@dataclass(frozen=True, slots=True)
class ChurnPlan:
    """What a run works on: its cut-offs, and the versions of gold that were read."""

    cutoffs: CutoffPlan
    inputs: dict[str, int]


def build_features(
    spark: SparkSession, lake: str, run: RunContext, *, horizon_days: int, max_rows: int = MAX_TRAINING_ROWS
) -> dict[str, Any]:
    """Work out the cut-offs from the days in gold.user_daily and build the features of all of them.

    Everyone has features at the score date. At most about max_rows are labelled: whole users are left out, the same ones at every run,
    and nothing is worked out of what nobody would learn from. A backfill scores the last day of its interval, and sees nothing after it.

    Raises:
        TooEarlyError: no day of gold.user_daily is complete, or nothing has been published yet.
    """
    inputs = {name: version for name in INPUTS if (version := table_version(lake, name)) is not None}
    if "gold.user_daily" not in inputs:
        raise TooEarlyError("gold.user_daily has no rows yet; run build_daily over at least two days first")
    user_daily, user_content_daily = (read_table(spark, lake, name, inputs.get(name)) for name in INPUTS)
    first_day, as_of = observed_days(user_daily, before=run.interval[1].date() if run.interval else None)
    cutoffs = plan_cutoffs(first_day, as_of, horizon_days)
    write_json(_plan_path(lake, run), {"inputs": inputs, "cutoffs": _as_json(cutoffs)})
    past = user_daily.filter(F.col("event_date") <= F.lit(cutoffs.score))
    share = min(1.0, max_rows / max(1, count_labelled(past, cutoffs).collect()[0].rows_count))
    features = build_feature_rows(past, user_content_daily, cutoffs, labelled_buckets=math.ceil(share * USER_BUCKETS))
    features.write.mode("overwrite").parquet(_features_path(lake, run))
    counted = {row.slice: row["count"] for row in read_features(spark, lake, run).groupBy("slice").count().collect()}
    logger.info("run=%s score_date=%s rows=%s", run.run_id, cutoffs.score, counted)
    return {"score_date": cutoffs.score.isoformat(), "training_cutoffs": len(cutoffs.training), "rows": counted}


def observed_days(user_daily: DataFrame, *, before: date | None = None) -> tuple[date, date]:
    """The first and the last day that gold.user_daily covers fully; of those before a day, where one is given.

    Raises:
        TooEarlyError: there is none.
    """
    active = user_daily.filter("user_id IS NOT NULL").groupBy("event_date").count().collect()
    return complete_days({row.event_date: row["count"] for row in active}, "gold.user_daily", before=before)


def train_and_promote(spark: SparkSession, lake: str, run: RunContext, *, registry: ChurnRegistry) -> dict[str, Any]:
    """Train a challenger, judge it beside the champion and the rule baseline on the same held-out users, register and maybe promote it.

    When the history is too short, or holds too few of either outcome, nothing is trained, the champion stays, and the answer says why. So
    it is where the run's check found no need; a run without a check was asked to train. A backfill trains nothing: the past must not
    choose the model that is in service now.

    Raises:
        ModelError: the run has no features, or the champion's files are not the ones that were registered.
    """
    plan = require_plan(lake, run)
    if run.kind == "backfill":
        return _untrained(run, BACKFILL_TRAINS_NONE)
    need = read_json(_need_path(lake, run))
    if need is not None and not need["is_due"]:
        return _untrained(run, need["reason"])
    features = read_features(spark, lake, run)
    slices = read_slices(features)
    try:
        challenger = _train(plan.cutoffs, slices)
    except ModelError as problem:
        return _untrained(run, str(problem), level=logging.WARNING)
    reference = build_reference(slices["train"], features.filter("slice = 'score'"), plan.cutoffs.score)
    challenger, champion = replace(challenger, reference=reference), registry.champion()
    record = _judge(run, plan.cutoffs, slices, challenger, champion)
    version = registry.register(challenger, record, PARAMETERS)
    return {
        "promoted": record.verdict.is_promoted,
        "reason": record.verdict.reason,
        "challenger": version,
        "in_service": version if record.verdict.is_promoted else (champion.version if champion else RULE_VERSION),
        "pr_auc": record.challenger.pr_auc,
        "baseline_pr_auc": record.baseline.pr_auc,
    }


def score(spark: SparkSession, lake: str, run: RunContext, *, registry: ChurnRegistry, docs: Path | None = None) -> dict[str, Any]:
    """Score every paid user known at the score date and publish gold.churn_scores of that day.

    The model in service scores; when none was ever promoted the rule baseline does, and model_version says `rule-baseline`.

    Raises:
        ModelError: the run has no features, or the champion's files are not the ones that were registered.
        GateError: the scores break their contract; what was published before stays.
    """
    plan = require_plan(lake, run)
    champion, challenger = registry.champion(), registry.challenger()
    version = champion.version if champion else RULE_VERSION
    if champion is None:
        logger.warning("run=%s: no churn model is in service, so the rule baseline scores", run.run_id)
    scores = build_churn_scores(read_features(spark, lake, run), plan.cutoffs.horizon_days, champion, challenger)
    contract = load_contract(SCORES)
    count = publish_day(spark, lake, run, scores, contract, plan.cutoffs.score, plan.inputs, docs=docs)
    remove_tree(staging_directory(lake, run.key))
    remove_tree(run_directory(lake, run.key))
    logger.info("run=%s score_date=%s model=%s users=%d", run.run_id, plan.cutoffs.score, version, count)
    return {"score_date": plan.cutoffs.score.isoformat(), "model_version": version, "users": count}


def _train(cutoffs: CutoffPlan, slices: dict[str, pd.DataFrame]) -> ChurnModel:
    if not cutoffs.training:
        raise ModelError(
            f"history up to {cutoffs.score} is too short to train with a horizon of {cutoffs.horizon_days} days (14 days of features and "
            "two horizons are needed); wait for more days, or choose a shorter PLAYHEAD_CHURN_HORIZON_DAYS"
        )
    check_learnable(slices)
    return train_model(slices["train"], slices["calibration"], cutoffs.horizon_days)


def _judge(
    run: RunContext, cutoffs: CutoffPlan, slices: dict[str, pd.DataFrame], challenger: ChurnModel, champion: RegisteredModel | None
) -> RunRecord:
    """Everyone in the contest on the same held-out users."""
    held_out = slices["held_out"]

    def judged(probabilities: Any) -> Evaluation:
        return evaluate(held_out["churned"].to_numpy(dtype="float64"), probabilities)

    def predicted(model: ChurnModel) -> Evaluation:
        return judged(model.predict(held_out, num_threads=NUM_THREADS))

    of_challenger, of_rule = predicted(challenger), judged(held_out["rule_score"].to_numpy(dtype="float64"))
    of_champion = predicted(champion.model) if champion else None
    contest = Contest(of_challenger.pr_auc, of_rule.pr_auc, of_champion.pr_auc if of_champion else None)
    return RunRecord(
        run_id=run.run_id,
        plan=cutoffs,
        slice_rows={name: len(rows) for name, rows in slices.items()},
        challenger=of_challenger,
        baseline=of_rule,
        champion=of_champion,
        champion_version=champion.version if champion else None,
        verdict=decide(contest),
    )


def _untrained(run: RunContext, reason: str, *, level: int = logging.INFO) -> dict[str, Any]:
    logger.log(level, "run=%s trained no churn model: %s", run.run_id, reason)
    return {"promoted": False, "reason": reason, "challenger": None}


def read_slices(features: DataFrame, names: Sequence[str] = LABELLED) -> dict[str, pd.DataFrame]:
    """Labelled rows by slice, in order of cut-off and user."""
    rows = features.filter(F.col("slice").isin(*names)).toPandas()
    return {name: rows[rows["slice"] == name].sort_values(["cutoff_date", "user_id"], kind="stable") for name in names}


def read_features(spark: SparkSession, lake: str, run: RunContext) -> DataFrame:
    """What build_features left for the later steps of the run."""
    return spark.read.parquet(_features_path(lake, run))


def _features_path(lake: str, run: RunContext) -> str:
    return staging_path(lake, run.key, "churn_features")


def _plan_path(lake: str, run: RunContext) -> str:
    return f"{run_directory(lake, run.key)}/churn_plan.json"


def record_need(lake: str, run: RunContext, need: Need) -> None:
    """Leave to the later steps of the run whether a challenger has to be trained."""
    write_json(_need_path(lake, run), {"is_due": need.is_due, "reason": need.reason})


def _need_path(lake: str, run: RunContext) -> str:
    return f"{run_directory(lake, run.key)}/churn_need.json"


def _as_json(cutoffs: CutoffPlan) -> dict[str, Any]:
    return asdict(cutoffs) | {
        "training": [day.isoformat() for day in cutoffs.training],
        "held_out": cutoffs.held_out.isoformat() if cutoffs.held_out else None,
        "score": cutoffs.score.isoformat(),
    }


def require_plan(lake: str, run: RunContext) -> ChurnPlan:
    """The plan that build_features left.

    Raises:
        ModelError: there is none.
    """
    document = read_json(_plan_path(lake, run))
    if document is None:
        raise ModelError(
            f"run {run.run_id} has no churn features: they were scored already, or never built; start again from its features step"
        )
    told = document["cutoffs"]
    cutoffs = CutoffPlan(
        training=tuple(date.fromisoformat(day) for day in told["training"]),
        held_out=date.fromisoformat(told["held_out"]) if told["held_out"] else None,
        score=date.fromisoformat(told["score"]),
        horizon_days=told["horizon_days"],
    )
    return ChurnPlan(cutoffs, dict(document["inputs"]))
