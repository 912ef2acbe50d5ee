"""jobs/churn.py: features, train and promote, score over a population whose hazard is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from playhead.churn.registry import ChurnRegistry
from playhead.contracts.model import load_contract
from playhead.errors import BuildError, GateError, ModelError
from playhead.io.delta import read_table
from playhead.io.delta_table import table_version
from playhead.jobs.churn import build_features, read_features, read_slices, score, train_and_promote
from playhead.jobs.churn_check import check_model
from playhead.jobs.publish_day import publish_day
from playhead.jobs.quality_scores import read_scores
from playhead.jobs.run_context import RunContext

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import SparkSession

RUN = RunContext("retrain_churn", "manual__1")
DAY_34 = date(2026, 2, 3)


@dataclass(frozen=True)
class World:
    spark: SparkSession
    lake: str
    registry: ChurnRegistry
    features: dict[str, Any]
    training: dict[str, Any]
    scoring: dict[str, Any]

    def scores(self) -> list[Any]:
        return sorted(read_table(self.spark, self.lake, "gold.churn_scores").collect())

    def log(self) -> list[Any]:
        return read_table(self.spark, self.lake, "ops.publish_log").filter("table_name = 'gold.churn_scores'").orderBy("run_id").collect()


@pytest.fixture(scope="module")
def world(spark, publish, population, tmp_path_factory) -> World:
    """The population published, and one run of all three steps."""
    home = tmp_path_factory.mktemp("home")
    lake, registry = str(home / "lake"), ChurnRegistry(home / "mlflow")
    publish(lake, "gold.user_daily", population)
    titles = [{"day": r["day"], "user": r["user"], "content_id": f"c{r['day'] % 5}", "plays_count": 1} for r in population[:3000]]
    publish(lake, "gold.user_content_daily", titles)
    features = build_features(spark, lake, RUN, horizon_days=7)
    training = train_and_promote(spark, lake, RUN, registry=registry)
    return World(spark, lake, registry, features, training, score(spark, lake, RUN, registry=registry))


def test_churn__first_model_beats_the_rule_and_is_promoted(world):
    assert world.features["score_date"] == DAY_34.isoformat()  # day 35 is not over: no later day has begun
    assert world.features["training_cutoffs"] == 4
    assert world.training["promoted"] is True
    assert world.training["in_service"] == "churn-1"
    assert world.training["pr_auc"] > world.training["baseline_pr_auc"] + 0.01


def test_churn__every_paid_user_is_scored_once_and_the_log_says_from_what(world):
    rows = world.scores()
    (logged,) = world.log()

    assert len({r.user_id for r in rows}) == len(rows) == world.scoring["users"] == world.features["rows"]["score"]
    assert {(r.score_date, r.model_version) for r in rows} == {(DAY_34, "churn-1")}
    assert (logged.run_id, logged.partition_key, logged.bronze_version, logged.rows_count) == (RUN.key, "2026-02-03", 7, len(rows))
    assert logged.inputs == {name: table_version(world.lake, name) for name in ("gold.user_daily", "gold.user_content_daily")}


def test_churn__the_run_leaves_no_features_behind(world):
    assert not list(Path(world.lake).rglob("*churn_features*"))
    with pytest.raises(ModelError, match="start again from its features step"):
        score(world.spark, world.lake, RUN, registry=world.registry)


def test_churn__the_same_data_again_changes_nothing(world):
    before, hashes = world.scores(), {row.content_hash for row in world.log()}
    again = replace(RUN, run_id="scheduled__2")

    build_features(world.spark, world.lake, again, horizon_days=7)
    checked = check_model(world.spark, world.lake, again, registry=world.registry, most_days=7)
    training = train_and_promote(world.spark, world.lake, again, registry=world.registry)
    score(world.spark, world.lake, again, registry=world.registry)

    assert training == {"promoted": False, "reason": checked["reason"], "challenger": None}
    assert world.scores() == before
    assert {row.content_hash for row in world.log()} == hashes


def test_churn__trained_again_on_the_same_data_changes_no_score_that_counts_and_no_champion(world):
    before, again = world.scores(), replace(RUN, run_id="manual__2")

    build_features(world.spark, world.lake, again, horizon_days=7)
    training = train_and_promote(world.spark, world.lake, again, registry=world.registry)
    score(world.spark, world.lake, again, registry=world.registry)

    assert (training["promoted"], training["in_service"]) == (False, "churn-1")
    assert training["reason"].startswith("does not beat the champion")
    shadow = {"challenger_probability": None, "challenger_version": None}
    assert [row.asDict() | shadow for row in world.scores()] == [row.asDict() for row in before]
    # learnt from the same rows, the challenger says the same; it is kept beside, in the shadow
    assert {(row.challenger_version, row.challenger_probability == row.churn_probability) for row in world.scores()} == {("churn-2", True)}


def test_churn__backfill_scores_its_past_day_and_trains_nothing(world):
    interval = (datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 1, 21, tzinfo=UTC))
    past = RunContext("retrain_churn", "backfill__1", kind="backfill", interval=interval)
    newest = [r for r in world.scores() if r.score_date == DAY_34]

    build_features(world.spark, world.lake, past, horizon_days=7)
    training = train_and_promote(world.spark, world.lake, past, registry=world.registry)
    score(world.spark, world.lake, past, registry=world.registry)

    assert training["promoted"] is False
    assert "backfill" in training["reason"]
    assert {r.score_date for r in world.scores()} == {date(2026, 1, 20), DAY_34}
    assert [r for r in world.scores() if r.score_date == DAY_34] == newest


def test_churn__the_published_day_has_a_quality_of_its_own(world):
    told = {(row["run_id"], row["partition_key"], row["rows_count"], row["total_score"]) for row in read_scores(world.lake)}
    published = {(row.run_id, row.partition_key, row.rows_count, 100.0) for row in world.log()}
    assert told
    assert told <= published


def test_churn__scores_of_newer_gold_are_kept(world):
    newer = world.log()[0].inputs
    older = {name: version - 1 for name, version in newer.items()}
    other = read_table(world.spark, world.lake, "gold.churn_scores").filter(f"score_date = DATE'{DAY_34}'").limit(3)
    before = world.scores()

    publish_day(world.spark, world.lake, replace(RUN, run_id="late"), other, load_contract("gold.churn_scores"), DAY_34, older)

    assert world.scores() == before


def test_churn__scores_that_break_their_contract_are_not_published(world):
    before = world.scores()
    broken = read_table(world.spark, world.lake, "gold.churn_scores").filter(f"score_date = DATE'{DAY_34}'").selectExpr(
        "* EXCEPT (churn_probability, horizon_days, model_version, top_reasons, churn_risk_category, days_since_last_active)",
        "1.5D AS churn_probability", "churn_risk_category", "days_since_last_active", "horizon_days", "model_version", "top_reasons",
    )  # fmt: skip

    with pytest.raises(GateError, match=r"gold.churn_scores/2026-02-03 \(.*churn_probability"):
        publish_day(
            world.spark,
            world.lake,
            replace(RUN, run_id="broken"),
            broken,
            load_contract("gold.churn_scores"),
            DAY_34,
            world.log()[0].inputs,
        )
    assert world.scores() == before


def test_churn__short_history_scores_by_the_rule_and_says_so(spark, publish, tmp_path):
    lake, registry = str(tmp_path / "lake"), ChurnRegistry(tmp_path / "mlflow")
    publish(lake, "gold.user_daily", [{"day": day, "user": user} for day in range(1, 12) for user in ("u1", "u2")])

    features = build_features(spark, lake, RUN, horizon_days=7)
    training = train_and_promote(spark, lake, RUN, registry=registry)
    scoring = score(spark, lake, RUN, registry=registry)

    assert features["rows"] == {"score": 2}
    assert training["promoted"] is False
    assert "too short" in training["reason"]
    assert scoring == {"score_date": "2026-01-10", "model_version": "rule-baseline", "users": 2}
    assert not registry.directory.exists()


def test_churn__gold_that_was_never_published_is_refused(spark, publish, tmp_path):
    lake, registry = str(tmp_path / "lake"), ChurnRegistry(tmp_path / "mlflow")
    publish(lake, "gold.user_daily", [{"day": day, "user": "u1"} for day in (1, 2)], log=False)
    build_features(spark, lake, RUN, horizon_days=7)

    with pytest.raises(BuildError, match="run build_daily first"):
        score(spark, lake, RUN, registry=registry)


def test_churn__no_gold_at_all_names_the_next_step(spark, tmp_path):
    with pytest.raises(ModelError, match="run build_daily"):
        build_features(spark, str(tmp_path / "lake"), RUN, horizon_days=7)


def test_churn__sample_is_bounded_and_keeps_whole_users(world):
    rows = world.features["rows"]
    total = sum(rows.values()) - rows["score"]

    def build(name: str, max_rows: int) -> tuple[dict[str, int], dict[str, pd.DataFrame]]:
        run = replace(RUN, run_id=name)
        built = build_features(world.spark, world.lake, run, horizon_days=7, max_rows=max_rows)
        return built["rows"], read_slices(read_features(world.spark, world.lake, run))

    (counted, small), (of_all, everything) = build("small", total // 4), build("everything", total)
    kept = {user for frame in small.values() for user in frame["user_id"]}

    assert of_all == rows
    assert counted["score"] == rows["score"]
    assert sum(map(len, everything.values())) == total
    assert total * 0.15 < sum(map(len, small.values())) < total * 0.35
    assert sum(frame["user_id"].isin(kept).sum() for frame in everything.values()) == sum(map(len, small.values()))
