"""What all Playhead DAGs share: schedules over real data intervals, owner, retries, mails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import AssetOrTimeSchedule, CronDataIntervalTimetable

from playhead.contracts.model import load_contract
from playhead.orchestration.callbacks import mail_failure

if TYPE_CHECKING:
    from airflow.sdk import Asset
    from airflow.sdk.definitions.asset import BaseAsset

# Fixed, so that backfills may reach back; catchup is off, because one pull run builds all missing history (DESIGN invariant 3).
START = datetime(2024, 1, 1, tzinfo=UTC)


def woken_or_timed(cron: str, *, by: Asset | BaseAsset) -> AssetOrTimeSchedule:
    """A schedule woken by assets or by time, over real data intervals, so that `airflow backfill create` works.

    A plain cron string gives zero-length intervals in Airflow 3, and asset-only schedules cannot be backfilled.
    """
    return AssetOrTimeSchedule(timetable=timed(cron), assets=by)


def timed(cron: str) -> CronDataIntervalTimetable:
    """A schedule by time over real data intervals, UTC."""
    return CronDataIntervalTimetable(cron, timezone="UTC")


def dag_defaults(table: str, *, retries: int = 2) -> dict[str, Any]:
    """`default_args` of a DAG whose main product is `table`: its contract's owner, retries, failure mails."""
    return {
        "owner": load_contract(table).owner,
        "retries": retries,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=3),
        "on_failure_callback": mail_failure,
    }
