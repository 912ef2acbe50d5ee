"""`playhead alerts`: the newest of the asked-for time, without who it was; rules that are shown are checked."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from playhead.cli import app
from playhead.io.delta_table import append_rows
from playhead.settings import get_settings


def alert(name: str, age: timedelta) -> dict[str, Any]:
    at = datetime.now(UTC) - age
    return {
        "alert_id": name, "event_timestamp": at, "rule_id": "long_stall", "severity": "warning", "event_id": name, "value": 12.0,
        "event_type": "video_buffer", "session_id": "s", "playback_id": "p", "user_id": "someone", "measure": "buffer_duration",
        "comparison": ">", "threshold": 10.0, "raised_at": at,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_list__shows_the_newest_first_and_nobody_s_name(tmp_path: Path) -> None:
    ages = {"old": timedelta(hours=2), "first": timedelta(minutes=50), "second": timedelta(minutes=1)}
    append_rows(str(tmp_path / "lake"), "ops.alerts_log", [alert(name, age) for name, age in ages.items()])
    told = CliRunner().invoke(app, ["alerts", "list", "--json"])
    assert [row["event_id"] for row in json.loads(told.stdout)] == ["second", "first"]
    assert "someone" not in told.stdout
    shown = CliRunner(env={"COLUMNS": "120"}).invoke(app, ["alerts", "list", "--last", "30m"]).stdout
    assert "buffer_duration 12 > 10" in shown
    assert "1 alert" in shown


def test_list__no_alert_yet_is_no_error() -> None:
    assert json.loads(CliRunner().invoke(app, ["alerts", "list", "--json"]).stdout) == []


def test_list__a_wrong_span_is_told() -> None:
    told = CliRunner().invoke(app, ["alerts", "list", "--last", "soon"])
    assert told.exit_code == 2


def test_rules__are_shown_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = CliRunner().invoke(app, ["alerts", "rules", "--json"])
    assert "long_stall" in {row["rule_id"] for row in json.loads(told.stdout)}
    assert "buffer_duration > 10" in CliRunner(env={"COLUMNS": "120"}).invoke(app, ["alerts", "rules"]).stdout
    monkeypatch.setenv("PLAYHEAD_ALERT_RULES", str(tmp_path / "absent.yaml"))
    get_settings.cache_clear()
    assert "PLAYHEAD_ALERT_RULES" in str(CliRunner().invoke(app, ["alerts", "rules"]).exception)
