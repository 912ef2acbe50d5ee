"""jobs/churn_now.py: the risk of one user as of now is that of the day's run, until the user does something more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from playhead.churn.registry import ChurnRegistry
from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.errors import TooEarlyError, UnknownUserError
from playhead.io.delta import read_table
from playhead.io.delta_table import append_rows, table_path
from playhead.jobs.churn import build_features, score, train_and_promote
from playhead.jobs.churn_now import ChurnScorer
from playhead.jobs.run_context import RunContext

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RUN = RunContext("retrain_churn", "manual__1")
LAST_COMPLETE, TODAY = date(2026, 2, 3), date(2026, 2, 4)
_OF_TYPE = {"string": "x", "bigint": 0, "int": 0, "boolean": False, "double": 0.0}


@dataclass(frozen=True)
class World:
    spark: SparkSession
    lake: str
    registry: ChurnRegistry

    def scorer(self) -> ChurnScorer:
        return ChurnScorer(self.lake, self.registry, 7)

    def scores(self) -> dict[str, Any]:
        return {row.user_id: row for row in read_table(self.spark, self.lake, "gold.churn_scores").collect()}


@pytest.fixture(scope="module")
def world(spark, publish, population, tmp_path_factory) -> World:
    """A population whose newest day is not over, the model trained on it and the scores of the last complete day."""
    home = tmp_path_factory.mktemp("home")
    world = World(spark, str(home / "lake"), ChurnRegistry(home / "mlflow"))
    publish(world.lake, "gold.user_daily", population)
    titles = [{"day": r["day"], "user": r["user"], "content_id": f"c{r['day'] % 5}", "plays_count": 1} for r in population]
    publish(world.lake, "gold.user_content_daily", titles)
    build_features(spark, world.lake, RUN, horizon_days=7)
    assert train_and_promote(spark, world.lake, RUN, registry=world.registry)["promoted"] is True
    score(spark, world.lake, RUN, registry=world.registry)
    watch(world.lake, "somebody-anonymous", TODAY)
    return world


def watch(lake: str, viewer: str, day: date, *, user: str | None = None) -> None:
    """Half an hour of a title, published at nine."""
    at = datetime(day.year, day.month, day.day, 8, 10, tzinfo=UTC)
    contract = load_contract("silver.playbacks")
    zeros = {column.name: _OF_TYPE.get(column.type, at) for column in contract.columns if column.required}
    told = {
        "playback_id": f"{viewer}-{day}", "started_at": at, "ended_at": at + timedelta(minutes=30), "event_date": day,
        "event_hour": at.replace(minute=0), "viewer_id": viewer, "user_id": user, "is_started": True, "watched_ms": 1_800_000,
        "played_ms": 1_800_000, "startup_ms": 900, "platform": "web",
    }  # fmt: skip
    rows = pa.Table.from_pylist([zeros | told], arrow_schema(contract))
    write_deltalake(table_path(lake, "silver.playbacks"), rows, mode="append")
    published = {
        "table_name": "silver.playbacks", "run_id": "h", "dag_id": "build_hourly", "partition_key": f"{at:%Y-%m-%dT%H}",
        "bronze_version": 7, "inputs": {}, "table_version": 0, "rows_count": 1, "content_hash": "", "published_at": at,
    }  # fmt: skip
    append_rows(lake, "ops.publish_log", [published])


def test_score__who_did_nothing_since_has_the_score_of_the_day(world: World) -> None:
    scores, scorer = world.scores(), world.scorer()
    for user in sorted(scores)[:: len(scores) // 5]:
        now, of_the_day = scorer.score(world.spark, user), scores[user]
        assert (now.cutoff_date, now.model_version) == (LAST_COMPLETE, "churn-1")
        assert now.known_until == datetime(2026, 2, 4, 9, tzinfo=UTC)
        told = ("churn_probability", "churn_risk_category", "top_reasons", "days_since_last_active", "horizon_days")
        assert [getattr(now, name) for name in told] == [of_the_day[name] for name in told]


def test_score__who_came_back_today_is_less_at_risk(world: World) -> None:
    absent = max(world.scores().values(), key=lambda row: (row.days_since_last_active, row.user_id))
    before = world.scorer().score(world.spark, absent.user_id)
    watch(world.lake, absent.user_id, TODAY, user=absent.user_id)

    now = world.scorer().score(world.spark, absent.user_id)

    assert (now.cutoff_date, now.days_since_last_active) == (TODAY, 0)
    assert before.days_since_last_active > 7
    assert now.churn_probability < before.churn_probability


def test_score__nobody_else_is_known(world: World) -> None:
    free = next(f"u{number:04d}" for number in range(0, 900, 10))
    for user in ("nobody", "somebody-anonymous", free, "' OR 1 = 1 --"):
        with pytest.raises(UnknownUserError, match="no paid user"):
            world.scorer().score(world.spark, user)


def test_score__before_the_first_day_is_complete(world: World, tmp_path) -> None:
    with pytest.raises(TooEarlyError, match=r"gold\.user_daily has no rows yet"):
        ChurnScorer(str(tmp_path / "lake"), world.registry, 7).score(world.spark, "u0001")
