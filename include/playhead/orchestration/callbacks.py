"""Failure mails: what failed, why, and where to look."""

from __future__ import annotations

from airflow.providers.smtp.notifications.smtp import SmtpNotifier

from playhead.settings import get_settings

_SUBJECT = "[Playhead] failed: {{ dag.dag_id }}.{{ ti.task_id }}"
_BODY = """
<p>Task <b>{{ ti.task_id }}</b> of <b>{{ dag.dag_id }}</b> failed after {{ ti.try_number }} tries.</p>
<table>
  <tr><td>Run</td><td>{{ run_id }}</td></tr>
  <tr><td>Error</td><td><code>{{ exception | string | escape }}</code></td></tr>
</table>
<p>Next step: read <a href="%(ui)s/dags/{{ dag.dag_id }}/runs/{{ run_id }}/tasks/{{ ti.task_id }}">the task's log</a>,
mend the cause, then clear the task. Published partitions stay as they were; failed ones stay pending.</p>
"""


def mail_on_failure() -> SmtpNotifier:
    """The on_failure_callback of every Playhead task."""
    settings = get_settings()
    return SmtpNotifier(
        to=settings.recipients,
        from_email=settings.smtp_from,
        subject=_SUBJECT,
        html_content=_BODY % {"ui": settings.airflow_url},
    )
