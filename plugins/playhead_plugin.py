"""Registers what Airflow must know by class: the deadline reference. Every Airflow process runs this file, so it stays thin."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from playhead.orchestration.deadlines import ScheduledIntervalEnd


class PlayheadPlugin(AirflowPlugin):
    """Playhead's registrations."""

    name = "playhead"
    deadline_references = [ScheduledIntervalEnd]  # noqa: RUF012  Airflow declares it as a plain list
