"""The watcher's whole look: a lake's logs in, mails on a real mail server out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from playhead.contracts.model import load_contract
from playhead.deadlines.letters import Addresses
from playhead.deadlines.notices import CLAIM_HOLDS, Teller
from playhead.deadlines.promises import promises
from playhead.deadlines.watch import Look, Watch

BEGUN = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)
OWNER = load_contract("gold.qoe_hourly").owner
Tell = Callable[..., None]


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-03T{clock}:00+00:00")


def subjects(mail_sink: Any) -> list[str]:
    return [mail["Subject"] for mail in mail_sink.fresh()]


@pytest.fixture
def watch(lake: str, tmp_path: Path, mail_sink: Any, begin: Tell) -> Callable[..., Watch]:
    """A watch over two tables of a lake that began at 04:30."""
    begin(BEGUN)
    promised = {name: promises()[name] for name in ("gold.qoe_hourly", "silver.playbacks")}
    addresses = Addresses("playhead@playhead.example", ["operators@playhead.example"], "http://airflow.example")

    def watch(told_by: Teller = "watcher", *, is_drill: bool = False) -> Watch:
        return Watch(lake, tmp_path, promised, addresses, mail_sink.server, told_by, is_drill)

    return watch


def test_a_miss_is_mailed_once_and_once_more_when_it_has_come(watch: Callable[..., Watch], mail_sink: Any, build: Tell) -> None:
    build(1, [], at("04:40"))
    watch().look(now=at("06:29"))
    assert subjects(mail_sink) == [], "nothing is due"
    watch().look(now=at("06:31"))
    assert subjects(mail_sink) == ["[Playhead] deadline missed: silver.playbacks (2026-03-03T04)"]
    watch().look(now=at("06:45"))
    assert subjects(mail_sink) == [], "told already"
    build(2, [], at("06:50"))
    watch().look(now=at("06:51"))
    (recovered,) = mail_sink.fresh()
    assert recovered["Subject"] == "[Playhead] recovered: silver.playbacks (2026-03-03T04)"
    assert "there since 2026-03-03 06:50 UTC, 20 min late" in recovered.get_body(("plain",)).get_content()
    watch().look(now=at("07:01"))
    assert subjects(mail_sink) == []


def test_what_is_missed_at_once_is_one_mail_to_the_owner(watch: Callable[..., Watch], mail_sink: Any) -> None:
    watch().look(now=at("09:31"))
    (mail,) = mail_sink.fresh()
    assert mail["Subject"] == "[Playhead] 7 deadlines missed: gold.qoe_hourly, silver.playbacks"
    assert (mail["To"], mail["Cc"]) == (OWNER, "operators@playhead.example")
    text = mail.get_body(("plain",)).get_content()
    assert text.count("gold.qoe_hourly, 2026-03-03 0") == 3
    assert "http://airflow.example/dags/build_hourly" in text
    html = mail.get_body(("html",)).get_content()
    assert html.count("<b>silver.playbacks</b>") == 4


def test_airflow_and_the_watcher_give_one_mail_between_them(watch: Callable[..., Watch], mail_sink: Any) -> None:
    asked = [("silver.playbacks", "2026-03-03T04")]
    watch("airflow").look(now=at("06:31"), asked=asked)
    watch("watcher").look(now=at("06:31"))
    watch("airflow").look(now=at("06:32"), asked=asked)
    assert subjects(mail_sink) == ["[Playhead] deadline missed: silver.playbacks (2026-03-03T04)"]


def test_what_was_over_before_the_lake_began_is_told_in_a_drill_only(watch: Callable[..., Watch], mail_sink: Any, build: Tell) -> None:
    """The first scheduled run of a fresh Airflow is of an interval that nobody could have built in time."""
    build(1, [], at("04:45"))
    asked = [("silver.playbacks", "2026-03-02T23")]
    watch("airflow").look(now=at("04:46"), asked=asked)
    assert subjects(mail_sink) == []
    watch("airflow", is_drill=True).look(now=at("04:46"), asked=asked)
    assert subjects(mail_sink) == ["[Playhead] deadline missed: silver.playbacks (2026-03-02T23)"]
    watch().look(now=at("04:47"))
    assert subjects(mail_sink) == ["[Playhead] recovered: silver.playbacks (2026-03-02T23)"]


def test_a_backfill_and_history_that_waits_mail_nobody(watch: Callable[..., Watch], mail_sink: Any, build: Tell, publish: Tell) -> None:
    publish({"silver.playbacks": ["2026-01-05T03"]}, at("05:10"))
    build(1, ["2026-01-05T04"], at("05:15"))
    watch().look(now=at("06:31"))
    assert subjects(mail_sink) == []


def test_a_mail_that_the_server_did_not_take_is_given_later(watch: Callable[..., Watch], mail_sink: Any) -> None:
    nowhere = replace(watch(), server=replace(mail_sink.server, port=1))
    assert nowhere.look(now=at("06:31")) == Look([], {"gold.qoe_hourly": 0, "silver.playbacks": 1}, 1)
    assert watch().look(now=at("06:32")) == Look([], {"gold.qoe_hourly": 0, "silver.playbacks": 1}, 1), "its claim still holds"
    look = watch().look(now=at("06:31") + CLAIM_HOLDS + timedelta(seconds=1))
    (notice,) = look.given
    assert look.unsent == 0
    assert notice.id == "missed:silver.playbacks:2026-03-03T04"
    assert len(mail_sink.fresh()) == 1


@pytest.fixture
def stream_watch(lake: str, tmp_path: Path, mail_sink: Any, begin: Tell) -> Watch:
    """A watch over the streaming app of a lake that began at 04:30."""
    begin(BEGUN)
    stream = {"bronze.events": promises()["bronze.events"]}
    return Watch(lake, tmp_path, stream, Addresses("playhead@playhead.example", [], "http://airflow.example"), mail_sink.server, "watcher")


def test_the_silence_of_an_app_that_dies_again_and_again_is_one_notice(stream_watch: Watch, mail_sink: Any, beat: Tell) -> None:
    beat(stream_watch.home, at("05:00"))
    stream_watch.look(now=at("05:02"))
    assert subjects(mail_sink) == ["[Playhead] deadline missed: bronze.events (2026-03-03T05:00)"]
    beat(stream_watch.home, at("05:04"), is_ready=False)
    stream_watch.look(now=at("05:06"))
    assert subjects(mail_sink) == []
    beat(stream_watch.home, at("05:07"))
    stream_watch.look(now=at("05:07"))
    assert subjects(mail_sink) == ["[Playhead] recovered: bronze.events (2026-03-03T05:00)"]


def test_a_silence_that_began_and_ended_between_two_looks_is_told_all_the_same(stream_watch: Watch, mail_sink: Any, beat: Tell) -> None:
    beat(stream_watch.home, at("05:00"))
    stream_watch.look(now=at("05:01"))
    beat(stream_watch.home, at("05:03"))
    stream_watch.look(now=at("05:03"))
    (missed,) = mail_sink.fresh()
    assert missed["Subject"] == "[Playhead] deadline missed: bronze.events (2026-03-03T05:00)"
    assert "no sign of life from 05:00:00 to 05:03:00 UTC" in missed.get_body(("plain",)).get_content()
    stream_watch.look(now=at("05:04"))
    assert subjects(mail_sink) == ["[Playhead] recovered: bronze.events (2026-03-03T05:00)"]
    beat(stream_watch.home, at("05:04"))
    stream_watch.look(now=at("05:05"))
    assert subjects(mail_sink) == []


def test_a_stack_that_starts_has_no_silence_before_the_apps_first_sign_of_life_is_due(
    stream_watch: Watch, mail_sink: Any, beat: Tell
) -> None:
    """The app takes a minute to be ready; it was there a moment ago."""
    beat(stream_watch.home, at("05:00"))
    beat(stream_watch.home, at("05:01"), is_ready=False)
    stream_watch.look(now=at("05:01"))
    assert subjects(mail_sink) == []
