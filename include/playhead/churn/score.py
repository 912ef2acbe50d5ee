"""gold.churn_scores: the risk of every paid user known at the score date, from the model in service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.churn.baseline import RULE_VERSION, rule_reason
from playhead.churn.categories import CATEGORY_THRESHOLDS, HEALTHY
from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import Column, DataFrame

    from playhead.churn.model import ChurnModel
    from playhead.churn.registry import RegisteredModel

_JUDGED = ("user_id", "cutoff_date", "days_since_last_active")
_JUDGED_SCHEMA = (
    "user_id string, cutoff_date date, days_since_last_active double, churn_probability double, top_reasons string, model_version string, "
    "challenger_probability double, challenger_version string"
)


def build_churn_scores(
    features: DataFrame, horizon_days: int, champion: RegisteredModel | None, challenger: RegisteredModel | None = None
) -> DataFrame:
    """Scores of all users of the features' score slice.

    Grain: one row per score date and user. Executors load the model from its text, so the users need not fit in one memory. With no model
    in service the rule baseline scores, and every row says so in model_version. The same features and models give the same rows.

    Args:
        features: churn features, as build_features makes them.
        horizon_days: H of the label; a model in service has its own, which its scores carry.
        champion: the model in service, or None.
        challenger: the model in its shadow, or None: what it says is kept beside, and nothing follows from it.
    """
    users = features.filter("slice = 'score'")
    judged = _by_rule(users) if champion is None else _by_model(users, champion, challenger)
    scored = judged.select(
        F.col("cutoff_date").alias("score_date"),
        "user_id",
        "churn_probability",
        _category().alias("churn_risk_category"),
        "days_since_last_active",
        F.lit(champion.model.horizon_days if champion else horizon_days).alias("horizon_days"),
        "model_version",
        "top_reasons",
        "challenger_probability",
        "challenger_version",
    )
    return conform(scored, load_contract("gold.churn_scores"))


def _by_rule(users: DataFrame) -> DataFrame:
    return users.select(
        *_JUDGED,
        F.col("rule_score").alias("churn_probability"),
        rule_reason().alias("top_reasons"),
        F.lit(RULE_VERSION).alias("model_version"),
        F.lit(None).cast("double").alias("challenger_probability"),
        F.lit(None).cast("string").alias("challenger_version"),
    )


def _by_model(users: DataFrame, champion: RegisteredModel, challenger: RegisteredModel | None) -> DataFrame:
    model, version = champion.model, champion.version
    shadow, shadow_version = (challenger.model, challenger.version) if challenger else (None, None)

    def judge(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            said = judge_batch(batch, model, version)
            yield said.assign(challenger_probability=shadow.predict(batch) if shadow else None, challenger_version=shadow_version)

    features = (*model.features, *(shadow.features if shadow else ()))
    return users.select(*dict.fromkeys((*_JUDGED, *features))).mapInPandas(judge, _JUDGED_SCHEMA)


def judge_batch(batch: pd.DataFrame, model: ChurnModel, version: str) -> pd.DataFrame:
    """Probability and reasons of a batch of users."""
    return batch[list(_JUDGED)].assign(churn_probability=model.predict(batch), top_reasons=model.explain(batch), model_version=version)


def _category() -> Column:
    """The category of the probability, by the one table of thresholds."""
    category = F.lit(HEALTHY)
    for least, name in reversed(CATEGORY_THRESHOLDS):
        category = F.when(F.col("churn_probability") >= least, F.lit(name)).otherwise(category)
    return category
