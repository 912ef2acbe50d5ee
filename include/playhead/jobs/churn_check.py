"""Ask whether the churn model in service still fits, before a run of retrain_churn trains another one; ops.churn_checks has every answer.

Two looks back, at what is known by now: the model in the shadow against the one in service, by the outcomes of their published scores;
and the one in service against its users, by drift of their features and by whether as many left as it expects. Whether a challenger is
trained follows from the answer.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from playhead.churn.baseline import RULE_VERSION
from playhead.churn.drift import Need, Outcomes, decide_training, outcomes_of
from playhead.churn.populations import count_bins
from playhead.churn.registry import ChurnRegistry, RegisteredModel
from playhead.churn.shadow import ShadowVerdict, build_shadow_outcomes, judge_shadow
from playhead.churn.train import NUM_THREADS
from playhead.io.delta import read_table
from playhead.io.delta_table import append_rows, query_log, table_version
from playhead.io.lock import table_lock
from playhead.jobs.churn import BACKFILL_TRAINS_NONE, SCORES, ChurnPlan, read_features, read_slices, record_need, require_plan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from playhead.jobs.run_context import RunContext

logger = logging.getLogger(__name__)

CHECKS = "ops.churn_checks"
_IS_CHECKED = "SELECT 1 AS found FROM log WHERE run_id = $run_id"
_NOTHING_KNOWN = Outcomes(0, 0, 0.0, 0.0)


def check_model(spark: SparkSession, lake: str, run: RunContext, *, registry: ChurnRegistry, most_days: int) -> dict[str, Any]:
    """Say which model shall be in service and whether a challenger has to be trained beside it, write that down, and let it be so.

    A backfill checks nothing, for the past must not choose the model that is in service now. A run that a person asked for always trains.
    The models change places last: a step done again finds them as they were, or the row of its run.

    Raises:
        ModelError: the run has no features, or files of a model are not the ones that were registered.
    """
    plan = require_plan(lake, run)
    if run.kind == "backfill":
        return {"is_training_due": False, "reason": BACKFILL_TRAINS_NONE}
    champion, challenger = registry.champion(), registry.challenger()
    shadow = _judge_shadow(spark, lake, plan, champion, challenger)
    if shadow.is_better:
        champion, challenger = challenger, champion
    features = read_features(spark, lake, run)
    outcomes = _outcomes(features, champion) if champion else _NOTHING_KNOWN
    need = _need(features, plan, champion, outcomes, most_days)
    if run.is_asked:
        need = Need(True, f"somebody asked for it; by itself: {need.reason}", need.drifted)
    record_need(lake, run, need)
    judged = _Judged(champion.version if champion else RULE_VERSION, challenger.version if challenger else None, need, outcomes, shadow)
    users = features.filter("slice = 'score'").count()
    with table_lock(lake, CHECKS, holder=run.key):
        if not query_log(lake, CHECKS, _IS_CHECKED, {"run_id": run.key}):
            append_rows(lake, CHECKS, [judged.row(run, plan, users)])
    if shadow.is_better:
        registry.change_places()
    logger.info("run=%s due=%s: %s; %s", run.run_id, need.is_due, need.reason, shadow.told)
    return {"is_training_due": need.is_due, "reason": need.reason, "in_service": judged.in_service, "shadow": shadow.told}


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a check found."""

    in_service: str
    in_shadow: str | None
    need: Need
    outcomes: Outcomes
    shadow: ShadowVerdict

    def row(self, run: RunContext, plan: ChurnPlan, users: int) -> dict[str, Any]:
        """As a row of ops.churn_checks."""
        return {
            "run_id": run.key,
            "score_date": plan.cutoffs.score,
            "model_version": self.in_service,
            "challenger_version": self.in_shadow,
            "is_training_due": self.need.is_due,
            "due_reason": self.need.reason,
            "drifted_features": dict(self.need.drifted),
            "scored_users_count": users,
            "held_out_users_count": self.outcomes.users,
            "held_out_churned_count": self.outcomes.churned,
            "held_out_expected_count": self.outcomes.expected,
            "shadow_rows_count": self.shadow.rows,
            "shadow_champion_pr_auc": self.shadow.champion,
            "shadow_challenger_pr_auc": self.shadow.challenger,
            "is_shadow_promoted": self.shadow.is_better,
            "checked_at": datetime.now(UTC),
        }


def _need(features: DataFrame, plan: ChurnPlan, champion: RegisteredModel | None, outcomes: Outcomes, most_days: int) -> Need:
    if champion is None:
        return Need(True, "no model is in service")
    if champion.model.horizon_days != plan.cutoffs.horizon_days:
        told = f"it looks {champion.model.horizon_days} days ahead, and {plan.cutoffs.horizon_days} are asked for"
        return Need(True, told)
    reference = champion.model.reference
    if reference is None:
        return Need(True, f"{champion.version} does not say whom it was trained for")
    found = count_bins(features.filter("slice = 'score'"), reference.features)
    return decide_training(reference, found, outcomes, as_of=plan.cutoffs.score, most_days=most_days)


def _outcomes(features: DataFrame, champion: RegisteredModel) -> Outcomes:
    """What the model in service says of the held-out users, and what came."""
    held_out = read_slices(features, ["held_out"])["held_out"]
    if held_out.empty:
        return _NOTHING_KNOWN
    return outcomes_of(held_out["churned"].to_numpy(dtype="float64"), champion.model.predict(held_out, num_threads=NUM_THREADS))


def _judge_shadow(
    spark: SparkSession, lake: str, plan: ChurnPlan, champion: RegisteredModel | None, challenger: RegisteredModel | None
) -> ShadowVerdict:
    """Both models by the outcomes of what they said of days after those they were trained on: a backfill's scores may be of others."""
    version = table_version(lake, SCORES)
    models = [each for each in (champion, challenger) if each]
    trained_on = [model.model.reference.as_of for model in models if model.model.reference]
    if champion is None or challenger is None or version is None or len(trained_on) < len(models):
        return ShadowVerdict(0, 0)
    scores = read_table(spark, lake, SCORES, version).filter(
        (F.col("model_version") == champion.version)
        & (F.col("challenger_version") == challenger.version)
        & (F.col("score_date") >= F.lit(max(trained_on)))
    )
    user_daily = read_table(spark, lake, "gold.user_daily", plan.inputs["gold.user_daily"])
    horizon = champion.model.horizon_days
    rows = build_shadow_outcomes(scores, user_daily, horizon_days=horizon, as_of=plan.cutoffs.score).toPandas()
    rows = rows.sort_values(["score_date", "user_id"], kind="stable")
    labels, *said = (rows[name].to_numpy(dtype="float64") for name in ("churned", "churn_probability", "challenger_probability"))
    return judge_shadow(labels, rows["user_id"].astype("category").cat.codes.to_numpy(), *said)
