"""The digest's questions against a real, loaded warehouse, and `playhead digest`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from playhead.cli import app
from playhead.digest.gather import gather
from playhead.settings import Settings, get_settings

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.fixture
def loaded(facts: Any) -> None:
    """Two weeks of an audience that grows by one a day; the last of them is under way."""
    for day in range(11, 25):
        values = {"daily_active_viewers_count": 100 + day, "watched_ms": 3_600_000 * day}
        facts.put("gold.audience_daily", facts.row("gold.audience_daily", event_date=facts.day(f"2026-11-{day}"), **values))


@pytest.mark.usefixtures("loaded")
def test_it_tells_the_newest_whole_day_and_the_days_before_it(warehouse: Settings) -> None:
    found = gather(warehouse, now=NOW)
    assert found.unread == {}
    assert (found.kpis["KPI_DATE"].isoformat(), found.kpis["DAILY_ACTIVE_USERS"], found.kpis["WATCH_HOURS"]) == ("2026-11-23", 123, 23)
    assert [row["EVENT_DATE"].day for row in found.days] == list(range(11, 24)), "the day under way is left out"
    assert found.titles == []
    assert found.experience == {}


@pytest.mark.usefixtures("loaded")
def test_the_command_shows_it_writes_it_and_mails_it(
    warehouse: Settings, mail_sink: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(warehouse.home))
    monkeypatch.setenv("PLAYHEAD_PORT_BASE", str(warehouse.port_base))
    monkeypatch.setenv("PLAYHEAD_WAREHOUSE_DATABASE", warehouse.warehouse_database)
    monkeypatch.setenv("PLAYHEAD_SMTP_PORT", str(mail_sink.server.port))
    get_settings.cache_clear()
    try:
        shown = CliRunner().invoke(app, ["digest"])
        assert "Active viewers             123" in shown.stdout, shown.output
        assert json.loads(CliRunner().invoke(app, ["digest", "--json"]).stdout)["kpis"]["DAILY_ACTIVE_USERS"] == 123
        done = CliRunner().invoke(app, ["digest", "--send", "--html", str(tmp_path / "digest.html")])
        assert done.exit_code == 0, done.output
    finally:
        get_settings.cache_clear()
    (mail,) = mail_sink.fresh()
    _, html = mail.iter_parts()
    page, picture = html.iter_parts()
    assert (page.get_content_type(), picture.get_content_type(), picture["Content-ID"]) == ("text/html", "image/png", "<days>")
    assert "data:image/png;base64," in (tmp_path / "digest.html").read_text(encoding="utf-8")
