"""Jobs by name: what an Airflow task, or spark-submit on a cluster, can ask for. Names are allow-listed here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playhead.errors import BuildError
from playhead.jobs.run_context import RunContext

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from playhead.churn.registry import ChurnRegistry
    from playhead.settings import Settings

Job = Callable[..., Any]


def _plan(spark: SparkSession, settings: Settings, run: RunContext, *, newest_hours: int | None, gold_tables: list[str]) -> dict[str, Any]:
    from playhead.jobs.plan import plan_build

    plan = plan_build(
        spark,
        settings.lake,
        dag_id=run.dag_id,
        run_id=run.key,
        kind=run.kind,
        interval=run.interval,
        newest_hours=newest_hours,
        gold_tables=tuple(gold_tables),
    )
    return {"bronze_version": plan.bronze_version, "hours": len(plan.event_hours), "pending": len(plan.pending_hours)}


def _phase(spark: SparkSession, settings: Settings, run: RunContext, *, phase: str) -> dict[str, Any]:
    from playhead.jobs.build import build_phase

    return build_phase(spark, settings.lake, run.key, phase, docs=settings.data_docs)


def _record(spark: SparkSession, settings: Settings, run: RunContext) -> dict[str, Any]:
    from playhead.jobs.record import record_run

    return record_run(spark, settings.lake, run.key)


def _audit(spark: SparkSession, settings: Settings, run: RunContext) -> dict[str, int]:
    from playhead.jobs.audit import audit_ids

    return audit_ids(spark, settings.lake)


def _maintain(spark: SparkSession, settings: Settings, run: RunContext) -> dict[str, int]:
    from playhead.jobs.maintain import maintain_tables

    return maintain_tables(spark, settings.lake)


def _registry(settings: Settings) -> ChurnRegistry:
    from playhead.churn.registry import ChurnRegistry

    return ChurnRegistry(settings.home / "mlflow")


def _churn_features(spark: SparkSession, settings: Settings, run: RunContext) -> dict[str, Any]:
    from playhead.jobs.churn import build_features

    return build_features(spark, settings.lake, run, horizon_days=settings.churn_horizon_days)


def _churn_check(spark: SparkSession, settings: Settings, run: RunContext) -> dict[str, Any]:
    from playhead.jobs.churn_check import check_model

    return check_model(spark, settings.lake, run, registry=_registry(settings), most_days=settings.churn_model_days)


def _churn_train(spark: SparkSession, settings: Settings, run: RunContext) -> dict[str, Any]:
    from playhead.jobs.churn import train_and_promote

    return train_and_promote(spark, settings.lake, run, registry=_registry(settings))


def _churn_score(spark: SparkSession, settings: Settings, run: RunContext) -> dict[str, Any]:
    from playhead.jobs.churn import score

    return score(spark, settings.lake, run, registry=_registry(settings), docs=settings.data_docs)


def _recommend_contest(spark: SparkSession, settings: Settings, run: RunContext) -> dict[str, Any]:
    from playhead.jobs.recommend import hold_contest

    return hold_contest(spark, settings.lake, run)


def _recommend_rank(spark: SparkSession, settings: Settings, run: RunContext) -> dict[str, Any]:
    from playhead.jobs.recommend import recommend

    return recommend(spark, settings.lake, run, docs=settings.data_docs)


JOBS: dict[str, Job] = {
    "plan": _plan,
    "phase": _phase,
    "record": _record,
    "audit": _audit,
    "maintain": _maintain,
    "churn_features": _churn_features,
    "churn_check": _churn_check,
    "churn_train": _churn_train,
    "churn_score": _churn_score,
    "recommend_contest": _recommend_contest,
    "recommend_rank": _recommend_rank,
}


def run_job(name: str, spark: SparkSession, settings: Settings, run: RunContext, **options: Any) -> Any:
    """Run one job for one run; returns its summary.

    Raises:
        BuildError: no job has this name.
    """
    job = JOBS.get(name)
    if job is None:
        raise BuildError(f"no job is called {name!r}; the jobs are {', '.join(JOBS)}")
    return job(spark, settings, run, **options)
