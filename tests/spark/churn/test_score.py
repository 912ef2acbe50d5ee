"""gold.churn_scores from the model and from the rule."""

from __future__ import annotations

from datetime import date

import pytest

from playhead.churn.baseline import RULE_VERSION
from playhead.churn.categories import CATEGORY_THRESHOLDS
from playhead.churn.cutoffs import CutoffPlan, plan_cutoffs
from playhead.churn.features import build_features
from playhead.churn.registry import RegisteredModel
from playhead.churn.score import build_churn_scores
from playhead.churn.train import train_model

SCORE_DATE = date(2026, 1, 20)


def test_score__rule_scores_when_no_model_is_in_service(gold):
    days = gold("gold.user_daily", [{"day": 6, "user": "gone"}, {"day": 12, "user": "going"}, {"day": 20, "user": "bored"}])
    plan = CutoffPlan(training=(), held_out=None, score=SCORE_DATE, horizon_days=7)
    features = build_features(days, gold("gold.user_content_daily", []), plan)

    found = {r.user_id: r for r in build_churn_scores(features, 7, None).collect()}

    assert {user: (r.churn_probability, r.churn_risk_category, r.days_since_last_active) for user, r in found.items()} == {
        "gone": (0.8, "High", 14),
        "going": (0.6, "High", 8),
        "bored": (0.7, "High", 0),  # engagement 0 is below 2
    }
    assert {r.model_version for r in found.values()} == {RULE_VERSION}
    assert {(r.score_date, r.horizon_days) for r in found.values()} == {(SCORE_DATE, 7)}
    assert found["bored"].top_reasons == "engagement below 2 of 10"


@pytest.fixture(scope="module")
def scored(gold, population):
    """The population's features, and the model that was trained on them."""
    features = build_features(
        gold("gold.user_daily", population), gold("gold.user_content_daily", []), plan_cutoffs(date(2026, 1, 1), date(2026, 2, 4), 7)
    ).localCheckpoint()
    rows = features.filter("churned IS NOT NULL").toPandas()
    model = train_model(rows[rows["slice"] == "train"], rows[rows["slice"] == "calibration"], 7)
    return features, RegisteredModel("churn-1", model)


def test_score__same_features_and_model_give_the_same_rows(scored):
    features, champion = scored

    first = sorted(build_churn_scores(features, 7, champion).collect())
    again = sorted(build_churn_scores(features.repartition(5), 7, champion).collect())

    assert first == again
    assert len(first) == features.filter("slice = 'score'").count() > 500


def test_score__category_follows_from_the_probability_alone(scored):
    features, champion = scored
    lower = {name: least for least, name in CATEGORY_THRESHOLDS} | {"Healthy": 0.0}
    upper = {"High": 1.01, "Medium": lower["High"], "Low": lower["Medium"], "Healthy": lower["Low"]}

    rows = build_churn_scores(features, 7, champion).collect()

    assert all(lower[r.churn_risk_category] <= r.churn_probability < upper[r.churn_risk_category] for r in rows)
    assert {"High", "Healthy"} <= {r.churn_risk_category for r in rows}
    assert all(r.top_reasons and r.model_version == "churn-1" for r in rows)


def test_score__the_model_keeps_its_own_horizon(scored):
    features, champion = scored

    assert {r.horizon_days for r in build_churn_scores(features, 14, champion).select("horizon_days").distinct().collect()} == {7}
