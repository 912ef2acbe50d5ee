"""What one viewer did, over a lake made by hand: each figure can be worked out from the rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from playhead.cli import app
from playhead.contracts.model import load_contract
from playhead.history import sessions
from playhead.history.plays import plays_of
from playhead.history.sessions import trace_session
from playhead.io.delta_table import append_rows
from playhead.settings import get_settings

MIDNIGHT = datetime(2026, 11, 24, 23, 50, tzinfo=UTC)
_EMPTY: dict[str, Any] = {"string": "x", "bigint": 0, "int": 0, "boolean": False}


def row(table: str, at: datetime, **told: Any) -> dict[str, Any]:
    """A row of silver; what is not told is empty."""
    contract = load_contract(table)
    times = {"event_date": at.date(), "event_hour": at.replace(minute=0), "started_at": at, "event_timestamp": at}
    who = {"viewer_id": "ann", "session_id": "s1"}
    filled = {column.name: _EMPTY.get(column.type, at) for column in contract.columns if column.required}
    return {name: value for name, value in (filled | times | who | told).items() if name in contract.column_names}


def put(lake: str, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    for table, rows in tables.items():
        if rows:
            append_rows(lake, table, list(rows))


def ad(event_type: str, minute: int, **told: Any) -> dict[str, Any]:
    at = MIDNIGHT + timedelta(minutes=minute)
    return row("silver.ad_events", at, event_id=f"{event_type}-{minute}", event_type=event_type, **{"playback_id": "p1"} | told)


@pytest.fixture
def filled(lake: str) -> str:
    """Ann's visit over midnight: a play of ten minutes of a title of twenty, with two ads; an older play; and what Bob did."""
    title = {"content_title": "Northern [/] Winter", "content_duration_s": 1200, "is_started": True}
    plays = [
        row("silver.playbacks", MIDNIGHT, playback_id="p1", played_ms=600_000, max_position_s=900, startup_ms=800, **title),
        row("silver.playbacks", MIDNIGHT - timedelta(days=7), playback_id="p0", played_ms=29_999, max_position_s=1300, **title),
        row("silver.playbacks", MIDNIGHT, playback_id="p2", viewer_id="bob", session_id="s2", **title),
    ]
    ads = [
        ad("ad_impression", 2),
        ad("ad_skip", 3, view_ms=5_000),
        ad("ad_impression", 15),  # after midnight
        ad("ad_complete", 16, view_ms=30_000),
        ad("ad_click", 16),
        ad("ad_impression", 4, playback_id="another"),
        ad("ad_impression", 25 * 60),  # the same id again, after the play must have ended
    ]
    videos = [
        row("silver.video_events", MIDNIGHT, event_id="v1", event_type="video_play", playback_id="p1"),
        row("silver.video_events", MIDNIGHT + timedelta(minutes=20), event_id="v2", event_type="video_stop", playback_id="p1"),
        row("silver.video_events", MIDNIGHT, event_id="v3", event_type="video_play", session_id="s2"),
    ]
    ended = MIDNIGHT + timedelta(minutes=21)
    put(
        lake,
        {
            "silver.playbacks": plays,
            "silver.ad_events": ads,
            "silver.video_events": videos,
            "silver.sessions": [row("silver.sessions", MIDNIGHT - timedelta(minutes=1), ended_at=ended)],
            "silver.session_events": [
                row("silver.session_events", MIDNIGHT - timedelta(minutes=1), event_id="a", event_type="session_start"),
                row("silver.session_events", ended, event_id="b", event_type="session_end"),
            ],
            "silver.interactions": [row("silver.interactions", MIDNIGHT, event_id="u1", event_type="user_like")],
        },
    )
    return lake


def test_plays__with_what_was_played_and_the_ads_within(filled: str) -> None:
    (play,) = plays_of(filled, "ann", days=7)

    assert (play["playback_id"], play["is_valid_play"], play["startup_ms"]) == ("p1", True, 800)
    assert (play["progress_pct"], play["played_pct"]) == (75.0, 50.0)
    ads = {name: value for name, value in play.items() if name.startswith("ad_")}
    assert ads == {
        "ad_impressions_count": 2, "ad_clicks_count": 1, "ad_skips_count": 1, "ad_completes_count": 1, "ad_errors_count": 0,
        "ad_view_ms": 35_000,
    }  # fmt: skip


def test_plays__days_count_back_from_the_newest_of_the_viewer(filled: str) -> None:
    assert [play["playback_id"] for play in plays_of(filled, "ann", days=8)] == ["p1", "p0"]
    (older,) = plays_of(filled, "ann", days=1, last=date(2026, 11, 17))
    assert (older["is_valid_play"], older["progress_pct"]) == (False, 100.0), "a millisecond too short; beyond the end it is over"
    assert plays_of(filled, "ann", days=1, last=date(2026, 11, 18)) == []
    assert plays_of(filled, "nobody", days=30) == []


def test_plays__the_newest_of_many(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playhead.history.plays.MOST_PLAYS", 1)
    assert [play["playback_id"] for play in plays_of(filled, "ann", days=8)] == ["p1"]


def test_trace__is_all_that_was_reported_of_a_session_in_order(filled: str) -> None:
    trace = trace_session(filled, "s1")

    assert [event["event_id"] for event in trace.events] == [
        "a", "u1", "v1", "ad_impression-2", "ad_skip-3", "ad_impression-4", "ad_impression-15", "ad_click-16", "ad_complete-16", "v2", "b",
    ]  # fmt: skip
    assert not trace.is_cut_off
    assert [session["ended_at"] for session in trace.sessions] == [MIDNIGHT + timedelta(minutes=21)]
    assert trace.events[4]["view_ms"] == 5_000
    assert "view_ms" not in trace.events[3], "what an event does not tell"


def test_trace__of_a_session_without_end_is_cut_off(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_EVENTS", 3)
    trace = trace_session(filled, "s1")
    assert ([event["event_id"] for event in trace.events], trace.is_cut_off) == (["a", "u1", "v1"], True)


def test_trace__of_a_session_that_nobody_has_seen(filled: str) -> None:
    assert trace_session(filled, "s2; DROP TABLE log").sessions == []


@pytest.fixture
def _its_settings(filled: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PLAYHEAD_LAKE_URI", filled)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.usefixtures("_its_settings")
def test_commands__show_plays_and_traces() -> None:
    assert "Northern [/] Winter" in said("plays", "ann"), "as it was told: no markup"
    assert json.loads(said("plays", "ann", "--to", "2026-11-17", "--json"))[0]["playback_id"] == "p0"
    assert "played nothing in the 7 days up to 2026-01-01" in said("plays", "ann", "--to", "2026-01-01")
    assert "ad_skip" in said("trace", "s1")
    assert next(event["event_id"] for event in json.loads(said("trace", "s1", "--json"))["events"]) == "a"
    assert "nobody has seen a session s9" in said("trace", "s9")
