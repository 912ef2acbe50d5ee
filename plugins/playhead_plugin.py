"""Registers what Airflow must know by class or address: the deadline reference and the Lakehouse page.

Every Airflow process runs this file, so it stays thin.
"""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from playhead.lakehouse_page.mount import EXTERNAL_VIEWS, FASTAPI_APPS
from playhead.orchestration.deadlines import ScheduledIntervalEnd


class PlayheadPlugin(AirflowPlugin):
    """Playhead's registrations."""

    name = "playhead"
    deadline_references = [ScheduledIntervalEnd]  # noqa: RUF012  Airflow declares it as a plain list
    fastapi_apps = FASTAPI_APPS
    external_views = EXTERNAL_VIEWS
