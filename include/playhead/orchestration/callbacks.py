"""Failure mails: what failed, why, how its log ends, and where to look."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from playhead.errors import MailError
from playhead.io.mail import Mail, mail_server, send
from playhead.mails.render import write_letter
from playhead.settings import get_settings

logger = logging.getLogger(__name__)

LINES = 20  # of the log, in the mail
_TAIL_BYTES = 64 * 1024


def mail_failure(context: Any) -> None:
    """The on_failure_callback of every Playhead task: one mail to the owner of what its DAG makes."""
    settings, ti = get_settings(), context["ti"]
    told = {
        "dag": ti.dag_id,
        "task": ti.task_id,
        "run": ti.run_id,
        "tries": ti.try_number,
        "error": str(context.get("exception") or "no reason was given"),
        "lines": last_lines(_log_file(ti)),
        "log_url": ti.log_url,
        "airflow_url": settings.airflow_url,
    }
    owner = ti.task.owner
    mail = Mail(
        sender=settings.smtp_from,
        to=[owner],
        cc=[address for address in settings.recipients if address != owner],
        letter=write_letter("failed", f"failed: {ti.dag_id}.{ti.task_id}", told),
        identity=f"failed:{ti.dag_id}:{ti.run_id}:{ti.task_id}:{ti.map_index}:{ti.try_number}",
    )
    try:
        send(mail_server(settings), mail)
    except MailError as error:
        logger.warning("%s", error)


def last_lines(path: Path | None) -> list[str]:
    """The end of a task's log, whose lines are JSON objects, as a person reads them; none where it cannot be read."""
    if path is None or not path.is_file():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return [_told(line) for line in lines if line.strip()][-LINES:]


def _told(line: str) -> str:
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, dict):
        return line
    return f"{str(entry.get('timestamp', ''))[11:19]} {str(entry.get('level', '')).upper():8}{entry.get('event', line)}"


def _log_file(ti: Any) -> Path | None:
    """Where the task's log lies as long as the task runs, wherever it is kept afterwards."""
    from airflow.configuration import conf
    from airflow.utils.helpers import log_filename_template_renderer

    folder = conf.get("logging", "base_log_folder", fallback="")
    return Path(folder) / log_filename_template_renderer()(ti=ti, try_number=ti.try_number) if folder else None
