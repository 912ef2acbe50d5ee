"""A task of the lakehouse says that it is at work, and that it failed, where whoever watches the builds can see it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from playhead.errors import BuildError, TooEarlyError
from playhead.io.attempts import Step, read_steps
from playhead.jobs.run_context import RunContext

RUN = RunContext("build_daily", "manual")
DAY = (datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 1, 21, tzinfo=UTC))


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A task; Airflow may be imported only once its home is set."""
    from playhead.orchestration import operators

    monkeypatch.setattr(operators, "get_settings", lambda: SimpleNamespace(lake=str(tmp_path)))
    monkeypatch.setattr(operators, "is_connect", lambda _: True)
    monkeypatch.setattr(operators, "run_context", lambda _: RUN)
    return operators.LakehouseJob(task_id="gold", job="phase", options={"phase": "gold"})


def test_a_task_is_at_work_until_it_is_done(job: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[Step]] = []
    monkeypatch.setattr(type(job), "_execute_in_session", lambda *_: seen.append(read_steps(str(tmp_path))))
    job.execute({})
    assert seen == [[Step(RUN.key, "gold", "under_way", 1)]]
    assert read_steps(str(tmp_path)) == []


def test_a_task_that_fails_says_so(job: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise BuildError("nothing was planned")

    monkeypatch.setattr(type(job), "_execute_in_session", fail)
    with pytest.raises(BuildError):
        job.execute({})
    assert read_steps(str(tmp_path)) == [Step(RUN.key, "gold", "failed", 1)]


def test_a_task_that_comes_too_early_is_skipped_and_no_step_failed(job: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from playhead.jobs import entry
    from playhead.orchestration import operators

    def too_early(*_: Any, **__: Any) -> None:
        raise TooEarlyError("no day is complete")

    monkeypatch.setattr(operators, "connect_session", lambda _: SimpleNamespace(stop=lambda: None))
    monkeypatch.setattr(entry, "run_job", too_early)
    with pytest.raises(AirflowSkipException, match="no day is complete"):
        job.execute({})
    assert read_steps(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("run_type", "told"),
    [
        ("scheduled", ("pull", None, False)),
        ("asset_triggered", ("pull", None, False)),
        ("manual", ("pull", None, True)),
        ("backfill", ("backfill", DAY, False)),
    ],
)
def test_a_run_is_what_airflow_says_of_it(run_type: str, told: tuple[Any, ...]) -> None:
    from airflow.utils.types import DagRunType

    from playhead.orchestration.operators import run_context

    start, end = DAY
    dag_run = SimpleNamespace(
        dag_id="build_daily", run_id="r", run_type=DagRunType(run_type), data_interval_start=start, data_interval_end=end
    )
    run = run_context({"dag_run": dag_run})
    assert (run.kind, run.interval, run.is_asked) == told
