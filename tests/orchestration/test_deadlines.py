"""Deadlines: scheduled runs have one, others do not. The mail itself is tested on the real stack (tests/e2e)."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

END = datetime(2026, 1, 2, tzinfo=UTC)


class _Session:
    """Answers the one query that the reference makes."""

    def __init__(self, run: Any) -> None:
        self._run = run

    def scalar(self, _: Any) -> Any:
        return self._run


@pytest.mark.parametrize(
    ("run_type", "expected"),
    [("scheduled", END), ("backfill", None), ("manual", None), ("asset_triggered", None)],
)
def test_only_scheduled_runs_have_a_deadline(run_type: str, expected: datetime | None) -> None:
    from airflow.utils.types import DagRunType

    from playhead.orchestration.deadlines import ScheduledIntervalEnd

    run = SimpleNamespace(run_type=DagRunType(run_type), data_interval_end=END)
    assert ScheduledIntervalEnd()._evaluate_with(session=_Session(run), dag_id="d", run_id="r") == expected  # type: ignore[arg-type]


def test_deadline_survives_serialisation(dags: dict[str, Any]) -> None:
    # The scheduler reads deadlines back from the database; a class that no plugin registers would be refused there.
    from airflow.serialization.serialized_objects import DagSerialization

    assert DagSerialization.to_dict(dags["build_hourly"])["dag"]["deadline"]
    from airflow.serialization.helpers import find_registered_custom_deadline_reference

    assert find_registered_custom_deadline_reference("playhead.orchestration.deadlines.ScheduledIntervalEnd")


def test_deadline_minutes_come_from_the_contract(dags: dict[str, Any]) -> None:
    from datetime import timedelta

    from playhead.contracts.model import load_contract

    deadline = dags["build_hourly"].deadline
    alert = deadline[0] if isinstance(deadline, list) else deadline
    assert alert.interval == timedelta(minutes=load_contract("gold.qoe_hourly").freshness_minutes)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b'{"closed_hour": "2026-01-01T05"}', {"closed_hour": "2026-01-01T05"}), (b"junk", None), (b"[]", None), (b"{}", None), (None, None)],
)
def test_control_topic_wakes_only_on_announcements(value: bytes | None, expected: object) -> None:
    from playhead.orchestration.assets import hour_closed

    assert hour_closed(SimpleNamespace(value=lambda: value)) == expected
