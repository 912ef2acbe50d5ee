"""jobs/churn_check.py: whether a model still fits, and which of two does better, over a population whose hazard is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from playhead.churn.registry import ChurnRegistry, RegisteredModel
from playhead.churn.shadow import build_shadow_outcomes
from playhead.io.delta_table import query_log
from playhead.jobs.churn import build_features, score, train_and_promote
from playhead.jobs.churn_check import check_model
from playhead.jobs.run_context import RunContext

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HORIZON = 7
WOKEN = RunContext("retrain_churn", "asset_triggered__1")
_CHECKS = "SELECT * FROM log ORDER BY checked_at"


@dataclass(frozen=True)
class World:
    spark: SparkSession
    lake: str
    registry: ChurnRegistry

    def features(self, run: RunContext) -> None:
        build_features(self.spark, self.lake, run, horizon_days=HORIZON)

    def check(self, run: RunContext, *, most_days: int = 7) -> dict[str, Any]:
        return check_model(self.spark, self.lake, run, registry=self.registry, most_days=most_days)

    def train(self, run: RunContext) -> dict[str, Any]:
        return train_and_promote(self.spark, self.lake, run, registry=self.registry)

    def checks(self) -> list[dict[str, Any]]:
        return query_log(self.lake, "ops.churn_checks", _CHECKS)


@pytest.fixture(scope="module")
def world(spark, publish, population, tmp_path_factory) -> World:
    """A population of 35 days, and the model that its first run trained."""
    home = tmp_path_factory.mktemp("home")
    world = World(spark, str(home / "lake"), ChurnRegistry(home / "mlflow"))
    publish(world.lake, "gold.user_daily", population)
    world.features(WOKEN)
    assert world.check(WOKEN)["reason"] == "no model is in service"
    assert world.train(WOKEN)["promoted"] is True
    return world


def test_check__a_model_that_fits_is_not_trained_again(world: World) -> None:
    run = replace(WOKEN, run_id="scheduled__2")
    world.features(run)

    checked = world.check(run)

    assert (checked["is_training_due"], checked["in_service"]) == (False, "churn-1")
    assert checked["reason"].startswith("it fits: 0 days old")
    assert world.train(run) == {"promoted": False, "reason": checked["reason"], "challenger": None}
    (row,) = [row for row in world.checks() if row["run_id"] == run.key]
    assert (row["model_version"], row["drifted_features"], row["is_training_due"]) == ("churn-1", [], False)
    assert row["held_out_users_count"] > 500
    assert abs(row["held_out_churned_count"] - row["held_out_expected_count"]) < 0.05 * row["held_out_users_count"]


def test_check__done_again_leaves_one_row(world: World) -> None:
    run = replace(WOKEN, run_id="scheduled__2")
    world.features(run)

    assert world.check(run) == world.check(run)
    assert sum(row["run_id"] == run.key for row in world.checks()) == 1


def test_check__whoever_asks_for_training_gets_it(world: World) -> None:
    run = replace(WOKEN, run_id="manual__3", is_asked=True)
    world.features(run)

    checked = world.check(run)

    assert checked["is_training_due"] is True
    assert checked["reason"].startswith("somebody asked for it; by itself: it fits")
    assert world.train(run)["challenger"] == "churn-2"


def test_check__an_old_model_and_one_of_another_horizon_are_due(world: World) -> None:
    run = replace(WOKEN, run_id="scheduled__4")
    world.features(run)
    assert world.check(run, most_days=0)["reason"] == "it is 0 days old"

    build_features(world.spark, world.lake, run, horizon_days=5)
    assert world.check(run)["reason"] == "it looks 7 days ahead, and 5 are asked for"


def test_check__a_backfill_checks_nothing(world: World) -> None:
    interval = (datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 1, 21, tzinfo=UTC))
    run = RunContext("retrain_churn", "backfill__1", kind="backfill", interval=interval)
    world.features(run)

    assert world.check(run)["is_training_due"] is False
    assert not [row for row in world.checks() if row["run_id"] == run.key]


def test_check__stalls_that_spread_to_everybody_are_drift(world: World, publish, population, tmp_path) -> None:
    """The model was trained for users of whom three in four never stall; a CDN that went bad on day 26 leaves nobody out."""
    now = World(world.spark, str(tmp_path / "lake"), world.registry)
    publish(now.lake, "gold.user_daily", [r | {"stall_ms": r["watched_ms"] // 3} if r["day"] > 25 else r for r in population])
    run = replace(WOKEN, run_id="scheduled__5")
    now.features(run)

    checked = now.check(run)

    (row,) = now.checks()
    assert checked["is_training_due"] is True
    assert checked["reason"].startswith("its users are others than those it was trained for (population stability index ")
    assert {"stall_ratio_7d", "stall_ratio_14d"} == dict(row["drifted_features"]).keys()


def test_shadow_outcomes__worked_by_hand(spark, gold) -> None:
    day = date(2026, 1, 20)
    rows = [(day, user, 0.3, 0.4) for user in ("stays", "goes", "back on the last day", "back too late")]
    rows += [(date(2026, 1, 21), "not over yet", 0.3, 0.4), (day, "nothing in the shadow", 0.3, None)]
    scores = spark.createDataFrame(rows, "score_date date, user_id string, churn_probability double, challenger_probability double")
    days = gold("gold.user_daily", [
        {"day": 20, "user": "goes"},  # the score date itself says nothing
        {"day": 21, "user": "stays"}, {"day": 22, "user": "stays"},
        {"day": 27, "user": "back on the last day"},
        {"day": 28, "user": "back too late"},
    ])  # fmt: skip

    found = build_shadow_outcomes(scores, days, horizon_days=7, as_of=date(2026, 1, 27)).collect()

    assert {row.user_id: row.churned for row in found} == {
        "stays": False, "goes": True, "back on the last day": False, "back too late": True
    }  # fmt: skip
    assert len(found) == 4


@pytest.fixture
def rivals(world: World) -> Callable[[str], RegisteredModel]:
    """The trained model, and one that takes each feature for another, as if both had been trained on day 20."""
    good = world.registry.champion()
    assert good is not None
    assert good.model.reference is not None
    early = replace(good.model, reference=replace(good.model.reference, as_of=date(2026, 1, 20)))
    blind = replace(early, features=early.features[::-1])
    return lambda version: RegisteredModel(version, early if version == "good" else blind)


class TwoModels(ChurnRegistry):
    """A registry that holds two models; what changes places is what the real one's aliases say."""

    def __init__(self, directory: Path, champion: RegisteredModel, challenger: RegisteredModel) -> None:
        super().__init__(directory)
        self.models = [champion, challenger]

    def champion(self) -> RegisteredModel:
        return self.models[0]

    def challenger(self) -> RegisteredModel:
        return self.models[1]

    def change_places(self) -> None:
        self.models.reverse()


@pytest.mark.parametrize(("in_service", "in_shadow", "changes"), [("blind", "good", True), ("good", "blind", False)])
def test_check__the_shadow_takes_over_once_outcomes_show_that_it_is_better(
    world: World, rivals, publish, population, tmp_path, in_service: str, in_shadow: str, changes: bool
) -> None:
    lake = str(tmp_path / "lake")
    registry = TwoModels(tmp_path, rivals(in_service), rivals(in_shadow))
    judged = World(world.spark, lake, registry)  # type: ignore[arg-type]
    publish(lake, "gold.user_daily", population)
    past = RunContext("retrain_churn", "scheduled__27", interval=(datetime(2026, 1, 27, tzinfo=UTC), datetime(2026, 1, 28, tzinfo=UTC)))
    judged.features(past)
    told = score(judged.spark, lake, past, registry=registry)
    run = replace(WOKEN, run_id="scheduled__34")
    judged.features(run)

    checked = judged.check(run)

    (row,) = judged.checks()
    assert told["score_date"] == "2026-01-27"
    assert registry.champion().version == ("good" if changes else in_service) == checked["in_service"]
    assert (row["is_shadow_promoted"], row["shadow_rows_count"]) == (changes, told["users"])
    assert (row["shadow_challenger_pr_auc"] > row["shadow_champion_pr_auc"]) is changes
    # Done again after a crash, with what is published as it was, it finds the same row and changes nothing back.
    judged.check(run)
    assert registry.champion().version == "good"
    assert len(judged.checks()) == 1
