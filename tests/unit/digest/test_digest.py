"""The digest's words and pictures, from values; where they come from is tested on a loaded warehouse (tests/warehouse)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread

from playhead.deadlines.notices import CLAIM_HOLDS
from playhead.deadlines.overdue import Miss
from playhead.digest.compose import compose_digest
from playhead.digest.gather import Digest, gather
from playhead.digest.send import is_due, send_once
from playhead.errors import MailError
from playhead.io.reconcile_record import ReconcileRecord
from playhead.jobs.ingest import open_bronze
from playhead.settings import Settings

NOW = datetime(2026, 3, 3, 8, 0, 5, tzinfo=UTC)


def whole() -> Digest:
    """A digest of a day on which all was well."""
    days = [date(2026, 2, 1) + timedelta(days=each) for each in range(30)]
    return Digest(
        NOW.date(),
        kpis={
            "KPI_DATE": date(2026, 3, 2),
            "COMPARED_DATE": date(2026, 2, 23),
            "DAILY_ACTIVE_USERS": 1297,
            "DAILY_ACTIVE_USERS_GROWTH_PCT": 3.14,
            "WATCH_HOURS": 10234.6,
            "WATCH_TIME_GROWTH_PCT": None,
            "REVENUE": 61.4,
            "REVENUE_GROWTH_PCT": -2.0,
        },
        days=[{"EVENT_DATE": day, "DAILY_ACTIVE_USERS": 1000 + day.day, "WATCH_HOURS": 500.0} for day in days],
        titles=[{"CONTENT_TITLE": "Salt & <Light>", "TOTAL_VIEWS_30D": 8321, "WATCH_HOURS_30D": 4211.2}],
        experience={"STARTUP_MEAN_MS": 1234.0, "PLAYBACK_FAILURE_PCT": 0.5, "REBUFFERING_PCT": 0.25},
        scores=[
            {"table_name": "silver.playbacks", "partitions": 24, "lowest": 99.5, "lowest_of": "2026-03-02T05", "refused": 0, "unusual": 1}
        ],
        books=ReconcileRecord((NOW - timedelta(hours=6)).timestamp(), "2026-02-23", 1_000_000, {}),
    )


def text_of(digest: Digest) -> tuple[str, str]:
    letter = compose_digest(digest, airflow_url="http://airflow.example", now=NOW).letter
    return letter.subject, letter.text


def test_a_good_day_is_said_to_be_one() -> None:
    subject, text = text_of(whole())
    assert subject == "[Playhead] daily digest 2026-03-03: all is well"
    assert "2026-03-02, against 2026-02-23" in text
    assert "Active viewers           1,297   +3.1 %" in text
    assert "Hours watched           10,235   no day to compare with" in text
    assert "Mean startup time       1.23 s" in text
    assert "The books balance: reconciled 6 h 00 min ago, 1,000,000 events since 2026-02-23." in text


@pytest.mark.parametrize(
    ("wrong", "told", "line"),
    [
        (
            {"overdue": [Miss("gold.user_daily", "2026-03-02", NOW - timedelta(hours=2), "build_daily has never finished")]},
            "1 overdue",
            "OVERDUE gold.user_daily 2026-03-02 (due 2026-03-03 06:00 UTC): build_daily has never finished",
        ),
        (
            {"books": ReconcileRecord(NOW.timestamp(), "2026-02-23", 10, {"silver.video_events": 3})},
            "books differ",
            "THE BOOKS DIFFER in 3 minutes of silver.video_events",
        ),
        ({"unread": {"warehouse": "cannot connect"}}, "warehouse not read", "warehouse could not be read: cannot connect"),
        ({"kpis": {}}, "all is well", "The BI views have no whole day yet"),
        ({"scores": []}, "all is well", "No build has been judged since yesterday."),
    ],
)
def test_what_is_wrong_is_said_first(wrong: dict[str, Any], told: str, line: str) -> None:
    digest = whole()
    for name, value in wrong.items():
        setattr(digest, name, value)
    subject, text = text_of(digest)
    assert subject == f"[Playhead] daily digest 2026-03-03: {told}"
    assert line in text


def test_the_pictures_are_pictures_and_the_html_shows_them(tmp_path: Path) -> None:
    composed = compose_digest(whole(), airflow_url="http://airflow.example", now=NOW)
    assert set(composed.pictures) == {"days", "scores"}
    for name, picture in composed.pictures.items():
        assert f'src="cid:{name}"' in composed.letter.html
        (tmp_path / f"{name}.png").write_bytes(picture)
        image = imread(tmp_path / f"{name}.png")
        assert image.shape[1] == 1080
        assert image.std() > 0.01, "a blank picture"
    assert "Salt &amp; &lt;Light&gt;" in composed.letter.html
    assert composed.letter.html.count("alt=") == 2


def test_what_cannot_be_read_is_named_and_the_rest_told(tmp_path: Path) -> None:
    found = gather(Settings(state_dir=tmp_path, port_base=1024), now=NOW)
    assert set(found.unread) == {"warehouse"}
    assert (found.scores, found.overdue, found.books) == ([], [], None)


@pytest.fixture
def begun(settings: Settings) -> None:
    """An event has landed in the lake."""
    open_bronze(settings.lake)


@pytest.fixture
def settings(tmp_path: Path, mail_sink: Any) -> Settings:
    return Settings(state_dir=tmp_path, port_base=1024, smtp_port=mail_sink.server.port)


def test_a_lake_that_holds_nothing_yet_has_no_digest(settings: Settings) -> None:
    assert not is_due(settings, now=NOW)


@pytest.mark.usefixtures("begun")
def test_it_is_due_in_the_morning_until_it_is_sent(settings: Settings, mail_sink: Any) -> None:
    assert not is_due(settings, now=NOW - timedelta(seconds=6))
    assert is_due(settings, now=NOW)
    assert not is_due(settings, now=NOW + timedelta(hours=2)), "old news"
    assert send_once(settings, now=NOW)
    assert not is_due(settings, now=NOW + timedelta(minutes=1))
    assert not send_once(settings, now=NOW + timedelta(minutes=1))
    (mail,) = mail_sink.fresh()
    assert mail["Subject"] == "[Playhead] daily digest 2026-03-03: warehouse not read"
    assert mail["To"] == "operators@playhead.example"
    assert is_due(settings, now=NOW + timedelta(days=1))


@pytest.mark.usefixtures("begun")
def test_one_that_the_mail_server_did_not_take_is_sent_later(settings: Settings, mail_sink: Any) -> None:
    nowhere = Settings(state_dir=settings.state_dir, port_base=1024, smtp_port=1)
    with pytest.raises(MailError):
        send_once(nowhere, now=NOW)
    assert is_due(settings, now=NOW + timedelta(minutes=1))
    assert not send_once(settings, now=NOW + timedelta(minutes=1)), "somebody is about to send it"
    assert send_once(settings, now=NOW + CLAIM_HOLDS + timedelta(seconds=1))
    assert len(mail_sink.fresh()) == 1
