"""Deadlines: scheduled runs have one, others do not, and what Airflow tells of them is mailed by their owner's notices.

That a real scheduler and triggerer do all this is tested on the real stack (tests/e2e).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
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


@pytest.fixture
def here(tmp_path: Path, mail_sink: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A lake that has just begun, by the settings of this process, whose mails go to a real server."""
    from playhead.jobs.ingest import open_bronze
    from playhead.settings import get_settings

    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("PLAYHEAD_SMTP_PORT", str(mail_sink.server.port))
    monkeypatch.setenv("PLAYHEAD_DEADLINE_SCALE", "0")
    get_settings.cache_clear()
    open_bronze(str(tmp_path / "lake"))
    yield tmp_path
    get_settings.cache_clear()


@pytest.mark.usefixtures("here")
def test_a_run_that_missed_its_deadline_is_told_once_however_often_airflow_says_so(mail_sink: Any) -> None:
    from playhead.orchestration.deadlines import tell_missed

    # As Airflow 3.3 gives it: the run is a dict of JSON values, its id is called dag_run_id, and `run_id` is not there.
    run = {"dag_id": "build_daily", "dag_run_id": "scheduled__2026-01-01", "data_interval_start": "2026-01-01T00:00:00Z"}
    context = {"dag_run": run, "deadline": {"id": "1", "deadline_time": "2026-01-02T06:00:00Z"}}
    told = asyncio.run(tell_missed(context=context))
    assert isinstance(told, str), "Airflow keeps it in a column of text"
    assert "missed:gold.user_daily:2026-01-01" in told.split()
    assert "silver." not in told, "silver is the hourly build's"
    (mail,) = mail_sink.fresh()
    assert mail["Subject"].startswith("[Playhead] 11 deadlines missed: gold.ad_daily, ")
    assert asyncio.run(tell_missed(context=context)) == ""
    assert mail_sink.fresh() == []


def test_the_triggerer_calls_what_the_dag_files_name(dags: dict[str, Any]) -> None:
    from airflow.sdk._shared.module_loading import accepts_context, import_string

    deadline = dags["build_daily"].deadline
    alert = deadline[0] if isinstance(deadline, list) else deadline
    callback = import_string(alert.callback.path)
    assert asyncio.iscoroutinefunction(callback)
    assert accepts_context(callback)


@pytest.mark.usefixtures("here")
def test_a_failed_task_is_mailed_with_the_end_of_its_log(tmp_path: Path, mail_sink: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.configuration import conf

    from playhead.orchestration.callbacks import LINES, mail_failure

    ti = SimpleNamespace(dag_id="build_daily", task_id="gold", run_id="r1", try_number=3, map_index=-1, log_url="http://a.example/log")
    ti.task = SimpleNamespace(owner="owner@playhead.example")
    log = Path(conf.get("logging", "base_log_folder"), "dag_id=build_daily", "run_id=r1", "task_id=gold", "attempt=3.log")
    log.parent.mkdir(parents=True)
    lines = [f'{{"timestamp": "2026-01-02T05:00:{second:02}Z", "level": "info", "event": "line {second}"}}' for second in range(30)]
    log.write_text("\n".join([*lines, "no <json> at all"]), encoding="utf-8")
    mail_failure({"ti": ti, "exception": ValueError("a < b")})
    (mail,) = mail_sink.fresh()
    assert (mail["Subject"], mail["To"]) == ("[Playhead] failed: build_daily.gold", "owner@playhead.example")
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "05:00:29 INFO    line 29\n  no <json> at all" in text
    assert text.count("line ") == LINES - 1
    assert "http://a.example/log" in text
    assert "a &lt; b" in html, "what a task says is no markup"


@pytest.mark.usefixtures("here")
def test_a_failed_task_fails_no_worse_without_a_mail_server(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    from playhead.orchestration.callbacks import mail_failure
    from playhead.settings import get_settings

    monkeypatch.setenv("PLAYHEAD_SMTP_PORT", "1")
    get_settings.cache_clear()
    ti = SimpleNamespace(
        dag_id="d", task_id="t", run_id="r", try_number=1, map_index=-1, log_url="u", task=SimpleNamespace(owner="o@x.example")
    )
    mail_failure({"ti": ti})
    assert "127.0.0.1:1" in caplog.text
