"""Deadlines: one mail when a scheduled run is not finished in time, none for backfills and manual runs.

Airflow's own references do not fit: DAGRUN_LOGICAL_DATE mails once for every backfilled hour, and DAGRUN_QUEUED_AT breaks clearing a
run (airflow#70368). This one is the end of the data interval for scheduled runs and nothing for all others.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import AsyncCallback, DeadlineAlert
from airflow.sdk.definitions.deadline import BaseDeadlineReference, deadline_reference

from playhead.contracts.model import load_contract
from playhead.settings import get_settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_SUBJECT = "[Playhead] deadline missed: {{ dag_run.dag_id }}"
_BODY = """
<p><b>{{ dag_run.dag_id }}</b> has not finished by its deadline.</p>
<table>
  <tr><td>Run</td><td>{{ dag_run.dag_run_id }}</td></tr>
  <tr><td>Data interval</td><td>{{ dag_run.data_interval_start }} to {{ dag_run.data_interval_end }}</td></tr>
  <tr><td>Deadline</td><td>{{ deadline.deadline_time }}</td></tr>
  <tr><td>State</td><td>{{ dag_run.state }}</td></tr>
  <tr><td>Table</td><td>%(table)s, due %(minutes)d minutes after its interval ends (its contract)</td></tr>
</table>
<p>Next step: open <a href="%(ui)s/dags/{{ dag_run.dag_id }}/runs/{{ dag_run.dag_run_id }}">the run</a>
and look at the task that is running or failed.</p>
"""


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


def table_deadline(name: str) -> DeadlineAlert:
    """The deadline that a table's contract promises (`slaProperties` freshness), mailed to the operators when missed."""
    settings = get_settings()
    minutes = load_contract(name).freshness_minutes
    return DeadlineAlert(
        name=f"{name} due",
        reference=ScheduledIntervalEnd(),
        interval=timedelta(minutes=minutes * settings.deadline_scale),
        callback=AsyncCallback(
            SmtpNotifier,
            kwargs={
                "to": settings.recipients,
                "from_email": settings.smtp_from,
                "subject": _SUBJECT,
                "html_content": _BODY % {"table": name, "minutes": minutes, "ui": settings.airflow_url},
            },
        ),
    )
