"""What the collector remembers of plays, and what it says for players that fall silent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from playhead.collector.catalogue import Catalogue
from playhead.collector.plays import Plays
from playhead.collector.reports import Reports
from playhead.collector.requests import Limits
from playhead.errors import PlayheadError
from playhead.events.clients import Client

CLIENT = Client("203.0.113.7", "Mozilla/5.0", "2026-01-01T00:01:00.000Z")
PLAYING = b'cid="t-1",e=ps,msd=300,sid="p-1",sn=0,sta=p,ts=1767225600000,v=2'
STALLED = b'cid="t-1",e=ps,sid="p-1",sn=1,sta=r,ts=1767225605000,v=2'
STILL_STALLED = b'cid="t-1",e=t,sid="p-1",sn=2,sta=r,ts=1767225609000,v=2'
RESUMED = b'cid="t-1",e=ps,sid="p-1",sn=3,sta=p,ts=1767225612000,v=2'
NOW = 1_000_000.0


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    catalogue = tmp_path / "catalogue.json"
    catalogue.write_text(json.dumps({"t-1": {"content_title": "T", "content_type": "movie", "content_duration": 100}}), encoding="utf-8")
    return Reports(Catalogue(catalogue), Plays(tmp_path / "plays.sqlite"), Limits({"video_events": 9000, "session_events": 9000}))


def test_reports__stall_of_a_viewer_who_gave_up_is_said_once(reports: Reports) -> None:
    reports.take([PLAYING, STALLED, STILL_STALLED], CLIENT, NOW)
    assert reports.overdue(NOW + 100) == ([], []), "a player may be quiet between timer reports"

    overdue, (record,) = reports.overdue(NOW + 121)
    stall = json.loads(record.value)
    # Stalled at …05 s, last heard at …09 s.
    assert (stall["event_type"], stall["buffer_duration"], stall["event_timestamp"]) == ("video_buffer", 4.0, "2026-01-01T00:00:05.000Z")

    assert reports.overdue(NOW + 122)[1] != [], "not acknowledged yet, so still to be said"
    reports.settle_overdue(overdue, NOW + 122)
    assert reports.overdue(NOW + 123) == ([], [])


def test_reports__stall_that_was_told_is_not_overdue(reports: Reports) -> None:
    intake, settled = reports.take([PLAYING, STALLED, STILL_STALLED, RESUMED], CLIENT, NOW)
    stalls = [json.loads(r.value)["buffer_duration"] for r in intake.records if json.loads(r.value)["event_type"] == "video_buffer"]
    assert stalls == [7.0]
    assert reports.overdue(NOW + 121)[1] != [], "the record was not acknowledged"
    reports.settle(CLIENT, settled)
    assert reports.overdue(NOW + 121) == ([], [])


def test_reports__refused_report_is_not_remembered(reports: Reports) -> None:
    """Five minutes beyond the receipt is the future; the stall's end must not be taken from it."""
    future = RESUMED.replace(b"1767225612000", b"1767226612000")
    intake, _ = reports.take([PLAYING, STALLED, future, RESUMED.replace(b"sn=3", b"sn=2")], CLIENT, NOW)
    assert [(r["index"], r["reasons"]) for r in intake.rejected] == [(2, ["condition:not_in_the_future"])]
    assert [json.loads(r.value).get("buffer_duration") for r in intake.records] == [None, 7.0]


def test_reports__event_targets_of_one_player_do_not_mix(reports: Reports) -> None:
    reports.take([PLAYING, STALLED], CLIENT, NOW)
    other = Client(CLIENT.address, CLIENT.user_agent, CLIENT.received_at, "other")
    intake, _ = reports.take([RESUMED.replace(b"sn=3", b"sn=2")], other, NOW)
    assert [entry["reason"] for entry in intake.ignored] == ["held"], "its own reports 0 and 1 are still to come"


def test_reports__plays_long_over_are_forgotten(reports: Reports) -> None:
    reports.take([PLAYING, STALLED], CLIENT, NOW)
    reports.settle_overdue([], NOW + 73 * 3600)
    assert reports.overdue(NOW + 73 * 3600)[0] != [], "two nightly counts of lost reports may fail"
    reports.settle_overdue([], NOW + 75 * 3600)
    assert reports.overdue(NOW + 75 * 3600) == ([], [])


def test_catalogue__follows_the_file(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    catalogue = Catalogue(path)
    assert catalogue.title("t-1") is None
    path.write_text('{"t-1": {"content_title": "One", "weight": 2}}', encoding="utf-8")
    assert catalogue.title("t-1") == {"content_title": "One"}
    path.write_text('{"t-1": {"content_title": "Another"}}', encoding="utf-8")
    assert catalogue.title("t-1") == {"content_title": "Another"}


def test_catalogue__that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text("[1", encoding="utf-8")
    with pytest.raises(PlayheadError, match="playhead simulate"):
        Catalogue(path).title("t-1")
