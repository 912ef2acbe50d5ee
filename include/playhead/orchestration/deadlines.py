"""Deadlines of runs: what a scheduled run's tables promise is asked when it is not finished in time; nothing for backfills and manual runs.

Airflow's own references do not fit: DAGRUN_LOGICAL_DATE mails once for every backfilled hour, and DAGRUN_QUEUED_AT breaks clearing a
run (airflow#70368). This one is the end of the data interval for scheduled runs and nothing for all others. What is told, and that it is
told once, whether Airflow or the watcher beside it notices first, is the business of `playhead.deadlines`.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import AsyncCallback, DeadlineAlert
from airflow.sdk.definitions.deadline import BaseDeadlineReference, deadline_reference

from playhead.contracts.model import load_contract
from playhead.settings import get_settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@deadline_reference
class ScheduledIntervalEnd(BaseDeadlineReference):
    """The end of the data interval of a scheduled run; no deadline for backfilled, manual and asset-woken runs."""

    required_kwargs: ClassVar[set[str]] = {"dag_id", "run_id"}

    def _evaluate_with(self, *, session: Session, dag_id: str, run_id: str, **_: Any) -> datetime | None:
        """The base time of the deadline, or None where the run has none (called by the scheduler)."""
        from airflow.models import DagRun
        from airflow.utils.types import DagRunType
        from sqlalchemy import select

        run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        if run is None or run.run_type != DagRunType.SCHEDULED:
            return None
        end: datetime | None = run.data_interval_end
        return end


async def tell_missed(context: dict[str, Any]) -> str:
    """A scheduled run missed its deadline: its interval of each table that its DAG makes is told of, unless it came in time otherwise.

    Runs in the triggerer, whose other triggers must not wait for it. Returns the ids of the notices that were mailed, as text: Airflow
    keeps what a callback returns in a column of text, and its triggerer dies of anything else, again and again.
    """
    run = context["dag_run"]
    return await asyncio.to_thread(_tell_missed, run["dag_id"], datetime.fromisoformat(run["data_interval_start"]))


def _tell_missed(dag_id: str, start: datetime) -> str:
    from playhead.deadlines.promises import tables_kept_by
    from playhead.deadlines.watch import open_watch

    watch = open_watch(get_settings(), told_by="airflow")
    asked = [(table, watch.promised[table].key_of(start)) for table in tables_kept_by(dag_id)]
    return " ".join(notice.id for notice in watch.look(now=datetime.now(UTC), asked=asked).given)


def table_deadline(name: str) -> DeadlineAlert:
    """The deadline that a table's contract promises (`slaProperties` freshness), told of by mail when it is missed."""
    minutes = load_contract(name).freshness_minutes * get_settings().deadline_scale
    return DeadlineAlert(
        name=f"{name} due", reference=ScheduledIntervalEnd(), interval=timedelta(minutes=minutes), callback=AsyncCallback(tell_missed)
    )
