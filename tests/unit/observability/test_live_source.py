"""What is told of now: the plays of the newest minute, and the last whole minute, by country and platform."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from playhead.cli import app
from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_merge import MergedTable
from playhead.observability import metrics as m
from playhead.observability.sources import live
from playhead.observability.sources.live import read_live, read_now
from playhead.settings import get_settings

CONTRACT = load_contract(live.TABLE)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def write(lake: str, *told: tuple[int, str, str, dict[str, int]], noon: datetime = NOON) -> None:
    """Rows of minutes after noon, by country and platform; a measure that is not named is 0."""
    rows = []
    for minute, country, platform, measures in told:
        at = noon + timedelta(minutes=minute)
        row = dict.fromkeys(CONTRACT.column_names, 0) | {"event_date": at.date(), "event_hour": at.replace(minute=0), "event_minute": at}
        rows.append(row | {"country": country, "platform": platform, "is_final": False} | measures)
    MergedTable(lake, CONTRACT).merge(pa.Table.from_pylist(rows, arrow_schema(CONTRACT)), "test", 0)


def test_read_live__now_and_the_last_whole_minute(lake: str) -> None:
    write(
        lake,
        (-90, "DE", "web", {"open_count": 99}),
        (8, "FR", "tv", {"open_count": 4, "plays_count": 9}),
        (9, "DE", "web", {"open_count": 2, "plays_count": 3, "failed_count": 1, "stall_ms": 1500, "open_ms": 90_000}),
        (9, "DE", "tv", {"ad_impressions_count": 3, "ad_errors_count": 1}),
        (10, "DE", "web", {"open_count": 5, "plays_count": 7}),
    )
    told = read_live(lake, now=NOON + timedelta(minutes=10, seconds=42))
    assert told[m.LIVE_AGE] == {(): 42.0}
    # FR has no row of the newest minute: its newest one still tells how many are open.
    assert told[m.LIVE_OPEN] == {("DE", "tv"): 0, ("DE", "web"): 5, ("FR", "tv"): 4}
    assert told[m.LIVE_PLAYS] == {("DE", "tv"): 0, ("DE", "web"): 3, ("FR", "tv"): 0}
    web = ("DE", "web")
    assert [told[metric][web] for metric in (m.LIVE_FAILED, m.LIVE_STALL_SECONDS, m.LIVE_OPEN_SECONDS)] == [1, 1.5, 90]
    assert [told[metric]["DE", "tv"] for metric in (m.LIVE_AD_IMPRESSIONS, m.LIVE_AD_ERRORS)] == [3, 1]


def test_read_live__nothing_where_nothing_happens(lake: str) -> None:
    assert read_live(lake) == {}
    write(lake, (0, "DE", "web", {"open_count": 1}))
    assert read_now(lake, now=NOON + timedelta(hours=2)) == []


def test_read_live__countries_beyond_the_busiest_are_other(lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_COUNTRIES", 2)
    write(lake, *((0, country, "web", {"open_count": plays}) for country, plays in (("DE", 9), ("FR", 1), ("GB", 7), ("IT", 2))))
    assert read_live(lake, now=NOON)[m.LIVE_OPEN] == {("DE", "web"): 9, ("GB", "web"): 7, ("other", "web"): 3}


def test_cli__shares_by_platform_and_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(tmp_path))
    get_settings.cache_clear()
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    measures = {"open_count": 3, "plays_count": 4, "failed_count": 1, "stall_ms": 600, "open_ms": 60_000}
    write(
        str(tmp_path / "lake"),
        (-1, "DE", "web", measures),
        (-1, "FR", "web", measures | {"ad_impressions_count": 9, "ad_errors_count": 3}),
        (0, "DE", "tv", {"open_count": 1}),
        noon=minute,
    )
    told = json.loads(CliRunner().invoke(app, ["live", "--json"]).output)
    text = CliRunner().invoke(app, ["live"], env={"COLUMNS": "120"}).output
    empty = CliRunner().invoke(app, ["live"], env={"PLAYHEAD_STATE_DIR": str(tmp_path / "none"), "COLUMNS": "120"})
    get_settings.cache_clear()
    assert 0 <= told["age_s"] < 120
    web = {"open_count": 6, "plays_count": 8, "failed_pct": 25.0, "stalled_pct": 1.0, "ad_fill_pct": 75.0}
    tv = {"open_count": 1, "plays_count": 0, "failed_pct": None, "stalled_pct": None, "ad_fill_pct": None}
    assert told["platforms"] == [{"platform": "web", **web}, {"platform": "tv", **tv}, {"platform": "all", **web, "open_count": 7}]
    assert "25.0 %" in text
    assert empty.exit_code == 0
