"""Reports that players lost: counted from what the collector heard, by hand-worked examples and with a real player's reports."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from playhead.bronze.events import RECORD_SCHEMA, Landing, build_events
from playhead.cli import app
from playhead.collector.app import create_app
from playhead.collector.catalogue import Catalogue
from playhead.collector.gaps import QUIET_S
from playhead.collector.plays import Plays
from playhead.collector.reports import Reports
from playhead.collector.requests import Limits
from playhead.errors import BrokerError
from playhead.events.clients import Client
from playhead.events.producer import Record
from playhead.io.delta_table import query_log, table_version
from playhead.jobs.cmcd_gaps import CMCD_GAPS, count_gaps, read_gaps
from playhead.observability import metrics as m
from playhead.observability.sources.gaps import Gaps
from playhead.settings import get_settings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENING = NOON + timedelta(hours=8)
RECORDED = Path(__file__).parents[1] / "events" / "cmcd_hls_1_7_4.txt"
LIMITS = Limits({"video_events": 9000, "session_events": 9000})
NEWEST = """
FROM log SELECT playback_id, cmcd_target, epoch(event_hour - $noon)::INT // 3600 AS hour, expected_reports_count, heard_reports_count,
  missing_reports_count, first_sn, last_sn
QUALIFY row_number() OVER (PARTITION BY playback_id, cmcd_target, event_hour ORDER BY counted_at DESC) = 1 ORDER BY ALL
"""


class Collector:
    """A collector at noon, whose players report once a minute of their own clock: report `sn` at 12:00 and `sn` minutes."""

    def __init__(self, home: Path) -> None:
        self.lake = str(home / "lake")
        self.file = home / "plays.sqlite"
        self._catalogue = home / "catalogue.json"
        title = {"content_title": "Title", "content_type": "movie", "content_duration": 9000}
        self._catalogue.write_text(json.dumps({"t-1": title}), encoding="utf-8")
        self.restart()

    def restart(self) -> None:
        self.plays = Plays(self.file)
        self.reports = Reports(Catalogue(self._catalogue), self.plays, LIMITS)

    def hear(
        self, *numbers: int, sid: str = "p-1", target: str = "", title: str = "t-1", at: datetime = NOON, is_answered: bool = True
    ) -> None:
        client = Client("203.0.113.7", "Mozilla/5.0", "2026-03-01T23:00:00.000Z", target)
        ts = {sn: int((NOON + timedelta(minutes=sn)).timestamp() * 1000) for sn in numbers}
        lines = [f'cid="{title}",e=t,sid="{sid}",sn={sn},sta=p,ts={ts[sn]},v=2'.encode() for sn in numbers]
        _, receipt = self.reports.take(lines, client, at.timestamp())
        if is_answered:
            self.reports.settle(client, receipt)

    def count(self, now: datetime = EVENING) -> list[tuple[Any, ...]]:
        """The table after a count: play, target, hour after noon, expected, heard, missing, first and last number."""
        count_gaps(self.lake, self.file, now=now)
        return [tuple(row.values()) for row in query_log(self.lake, CMCD_GAPS, NEWEST, {"noon": NOON})]


@pytest.fixture
def collector(tmp_path: Path) -> Collector:
    return Collector(tmp_path)


def test_count_gaps__a_lost_report_is_a_gap_of_one(collector: Collector) -> None:
    collector.hear(0, 1, 3)
    # 0 1 . 3: four were numbered
    assert collector.count() == [("p-1", "", 0, 4, 3, 1, 0, 3)]


def test_count_gaps__retries_and_reports_that_overtake_each_other_are_none(collector: Collector) -> None:
    for sn in (0, 2, 2, 1, 3, 1, 0):
        collector.hear(sn)
    assert collector.count() == [("p-1", "", 0, 4, 4, 0, 0, 3)]


def test_count_gaps__numbers_begin_at_zero(collector: Collector) -> None:
    collector.hear(3, 4)
    # . . . 3 4
    assert collector.count() == [("p-1", "", 0, 5, 2, 3, 3, 4)]


def test_count_gaps__each_play_and_each_target_has_numbers_of_its_own(collector: Collector) -> None:
    collector.hear(0, 1, 2)
    collector.hear(0, 2, target="other")
    collector.hear(0, 1, sid="p-2")
    assert collector.count() == [("p-1", "", 0, 3, 3, 0, 0, 2), ("p-1", "other", 0, 3, 2, 1, 0, 2), ("p-2", "", 0, 2, 2, 0, 0, 1)]


def test_count_gaps__a_gap_belongs_to_the_hour_of_the_next_report_heard(collector: Collector) -> None:
    collector.hear(57, 58, 62, *range(56), 130)
    rows = collector.count()
    # 0 to 55, 57, 58 | 62 | 130. Missing: 56 | 59, 60, 61 | 63 to 129
    assert rows == [("p-1", "", 0, 59, 58, 1, 0, 58), ("p-1", "", 1, 4, 1, 3, 62, 62), ("p-1", "", 2, 68, 1, 67, 130, 130)]
    assert sum(row[3] for row in rows) == 131, "what is expected of all hours is every number up to the last"


def test_count_gaps__a_late_report_heals_the_table_and_leaves_a_trace(collector: Collector) -> None:
    collector.hear(0, 62)
    assert collector.count() == [("p-1", "", 0, 1, 1, 0, 0, 0), ("p-1", "", 1, 62, 1, 61, 62, 62)]
    collector.hear(*range(1, 61), at=EVENING)
    # Of 1 to 61 all but 61 came after all: 1 to 59 are of the first hour, 60 of the second.
    later = EVENING + timedelta(days=1)
    assert collector.count(later) == [("p-1", "", 0, 60, 60, 0, 0, 59), ("p-1", "", 1, 3, 2, 1, 60, 62)]
    trace = "SELECT missing_reports_count FROM log WHERE epoch(event_hour - $noon) = 3600 ORDER BY counted_at"
    assert [row["missing_reports_count"] for row in query_log(collector.lake, CMCD_GAPS, trace, {"noon": NOON})] == [61, 1]
    assert [row["missing_reports_count"] for row in read_gaps(collector.lake, since=NOON)] == [1]
    assert read_gaps(collector.lake, since=NOON + timedelta(hours=2)) == []


def test_count_gaps__a_report_of_the_hour_before_fills_the_gap_of_the_next(collector: Collector) -> None:
    collector.hear(0, 61)
    assert collector.count() == [("p-1", "", 0, 1, 1, 0, 0, 0), ("p-1", "", 1, 61, 1, 60, 61, 61)]
    collector.hear(59, at=EVENING)
    # 1 to 58 are missing before 59, in its hour; 60 before 61. Nothing else of the second hour was heard.
    assert collector.count(EVENING + timedelta(days=1)) == [("p-1", "", 0, 60, 2, 58, 0, 59), ("p-1", "", 1, 2, 1, 1, 61, 61)]


def test_count_gaps__a_restart_of_the_collector_is_no_gap(collector: Collector) -> None:
    collector.hear(0, 1, 2)
    collector.plays.close()
    assert collector.count() == [("p-1", "", 0, 3, 3, 0, 0, 2)], "nobody has the file open"
    collector.restart()
    collector.hear(3, 5)
    assert collector.count(EVENING + timedelta(hours=1)) == [("p-1", "", 0, 6, 5, 1, 0, 5)]


def test_count_gaps__a_report_that_was_never_answered_is_missing_until_its_retry_is(collector: Collector) -> None:
    """Its records may not be in Kafka; a player that gives up has lost it."""
    collector.hear(0)
    collector.hear(1, is_answered=False)
    collector.hear(2)
    assert collector.count() == [("p-1", "", 0, 3, 2, 1, 0, 2)]
    collector.hear(1)
    assert collector.count(EVENING + timedelta(hours=1)) == [("p-1", "", 0, 3, 3, 0, 0, 2)]
    collector.hear(2, is_answered=False)
    assert collector.count(EVENING + timedelta(hours=2)) == [("p-1", "", 0, 3, 3, 0, 0, 2)], (
        "a retry of what was answered takes nothing back"
    )


def test_count_gaps__a_refused_report_is_missing(collector: Collector) -> None:
    collector.hear(0, 2)
    collector.hear(1, title="unknown")
    assert collector.count() == [("p-1", "", 0, 3, 2, 1, 0, 2)]


def test_count_gaps__what_may_still_be_on_its_way_is_left_to_the_next_count(collector: Collector) -> None:
    at = NOON + timedelta(minutes=62)
    collector.hear(0, 1, 59, 62, at=at)
    assert collector.count(at + timedelta(seconds=QUIET_S - 1)) == [("p-1", "", 0, 60, 3, 57, 0, 59)], "this hour is over for minutes"
    assert [row[2] for row in collector.count(at + timedelta(seconds=QUIET_S + 1))] == [0, 1], "and this play is quiet"


def test_count_gaps__an_hour_that_has_just_ended_is_left_to_the_next_count_too(collector: Collector) -> None:
    at = NOON + timedelta(minutes=61)
    collector.hear(0, 2, at=at)
    assert collector.count(at) == []


def test_count_gaps__counted_again_it_tells_nothing_anew(collector: Collector) -> None:
    collector.hear(0, 2)
    collector.hear(0, 1, sid="p-2")
    collector.count()
    version = table_version(collector.lake, CMCD_GAPS)
    assert count_gaps(collector.lake, collector.file, now=EVENING + timedelta(minutes=1)) == {"hours": 0, "missing": 0}
    assert table_version(collector.lake, CMCD_GAPS) == version
    collector.hear(1, at=EVENING)
    assert count_gaps(collector.lake, collector.file, now=EVENING + timedelta(hours=1)) == {"hours": 1, "missing": 0}


def test_count_gaps__without_a_collector_there_is_nothing_to_count(tmp_path: Path) -> None:
    assert count_gaps(str(tmp_path / "lake"), tmp_path / "plays.sqlite") == {"hours": 0, "missing": 0}


def test_forget__takes_the_unanswered_ones_along(collector: Collector) -> None:
    collector.hear(0, is_answered=False)
    collector.reports.settle_overdue([], (NOON + timedelta(days=4)).timestamp())
    with sqlite3.connect(collector.file) as database:
        assert database.execute("SELECT count(*) FROM unanswered").fetchone() == (0,)


def test_metrics__are_of_the_newest_night(collector: Collector) -> None:
    gaps = Gaps(collector.lake)
    assert gaps.read() == {}, "nothing was counted yet"
    collector.hear(0, 9, sid="p-1")
    collector.hear(0, 2, sid="p-2")
    collector.count()
    collector.hear(1, sid="p-2", at=EVENING)
    collector.hear(0, 1, 64, sid="p-3", at=EVENING)
    collector.hear(0, sid="p-3", target="other", at=EVENING)
    collector.count(EVENING + timedelta(days=1))
    # The second night told p-2 as healed (0 to 2), p-3 with 2 to 63 missing (0 to 64), and its other target (0); p-1 is of the first.
    expected = {m.CMCD_PLAYS: 3.0, m.CMCD_PLAYS_WITH_GAPS: 1.0, m.CMCD_EXPECTED: 69.0, m.CMCD_MISSING: 62.0}
    assert gaps.read() == {metric: {(): value} for metric, value in expected.items()}
    collector.hear(*range(2, 64), sid="p-3", at=EVENING + timedelta(days=1, hours=1))
    collector.count(EVENING + timedelta(days=1, hours=2))
    assert gaps.read()[m.CMCD_MISSING] == {(): 0.0}, "counted again by hand, it is healed at once"


@pytest.fixture
def configured(collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield collector
    get_settings.cache_clear()


def test_command__names_plays_with_gaps_and_no_others(configured: Collector) -> None:
    assert "No play that was counted has lost a report" in CliRunner().invoke(app, ["gaps"]).stdout
    configured.hear(0, 3)
    configured.hear(0, 1, sid="p-2")
    configured.count()
    days = str((datetime.now(UTC) - NOON).days + 2)
    done = CliRunner().invoke(app, ["gaps", "--days", days], env={"COLUMNS": "140"})
    assert done.exit_code == 0, done.output
    assert "p-1" in done.stdout
    assert "p-2" not in done.stdout
    (row,) = json.loads(CliRunner().invoke(app, ["gaps", "--days", days, "--json"]).stdout)
    assert (row["playback_id"], row["missing_reports_count"]) == ("p-1", 2)


class Broker:
    """Keeps what it acknowledges."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.is_down = False

    def send(self, records: Sequence[Record]) -> None:
        if self.is_down:
            raise BrokerError("no Kafka broker answers")
        self.records += records

    def is_up(self) -> bool:
        return not self.is_down

    def close(self) -> None:
        """Nothing to close."""


class Network:
    """A real player's reports on their way to the collector's door, one request each, as the player sends them."""

    def __init__(self, home: Path) -> None:
        self.home, self.broker = home, Broker()
        title = {"content_title": "Title", "content_type": "movie", "content_duration": 60}
        (home / "catalogue.json").write_text(json.dumps({"playhead-test-picture": title}), encoding="utf-8")
        lines = RECORDED.read_text(encoding="utf-8").splitlines()
        times = [int(re.findall(r",ts=(\d+)", line)[0]) for line in lines]
        late_by = int(datetime.now(UTC).timestamp() * 1000) - max(times)
        self.lines = [line.replace(f"ts={ts}", f"ts={ts + late_by}") for line, ts in zip(lines, times, strict=True)]
        self.names = [(re.findall(r'sid="([^"]+)"', line)[0], int(re.findall(r",sn=(\d+)", line)[0])) for line in lines]

    def deliver(self, lines: Sequence[str]) -> list[int]:
        """The collector's answers."""

        async def conversation() -> list[int]:
            collector = create_app(self.broker, Catalogue(self.home / "catalogue.json"), Plays(self.home / "plays.sqlite"), LIMITS)
            transport = httpx.ASGITransport(collector, client=("203.0.113.7", 5000))
            async with (
                collector.router.lifespan_context(collector),
                httpx.AsyncClient(transport=transport, base_url="http://collector") as client,
            ):
                return [(await client.post("/v1/cmcd", content=line)).status_code for line in lines]

        return asyncio.run(conversation())

    def landed(self) -> set[tuple[str, int]]:
        """Play and number of each report that a row of bronze was made from."""
        now = datetime.now(UTC)
        records = [
            {"value": record.value, "topic": record.topic, "partition": 0, "offset": at, "kafka_timestamp": now}
            for at, record in enumerate(self.broker.records)
        ]
        rows = build_events(pa.Table.from_pylist(records, RECORD_SCHEMA), Landing(now, timedelta(days=7))).to_pylist()
        assert [row["rejected_because"] for row in rows] == [None] * len(records)
        extras = [{name: json.loads(text) for name, text in row["extras"]} for row in rows]
        return {(each["cmcd_sid"], each["cmcd_sn"]) for each in extras}

    def count(self) -> tuple[int, ...]:
        """Reports expected, heard and missing, as last counted."""
        lake, now = str(self.home / "lake"), datetime.now(UTC) + timedelta(minutes=3)
        count_gaps(lake, self.home / "plays.sqlite", now=now)
        rows = [tuple(row.values())[3:6] for row in query_log(lake, CMCD_GAPS, NEWEST, {"noon": NOON})]
        return tuple(sum(column) for column in zip(*rows, strict=True))


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return Network(tmp_path)


def test_real_player__whose_reports_all_arrive_has_no_gap(network: Network) -> None:
    assert set(network.deliver(network.lines)) == {200}
    assert network.count() == (len(network.lines), len(network.lines), 0)
    assert network.landed() < set(network.names), "bronze alone would show gaps: some reports say nothing that an event could say"


@pytest.mark.parametrize("kind", [",e=t,", ",e=bc,", "sta=s,"])
def test_real_player__one_report_lost_on_the_way_is_a_gap_of_exactly_one(network: Network, kind: str) -> None:
    """Whatever the report says; so does one that the collector would have ignored."""
    lost = next(at for at, line in enumerate(network.lines) if kind in line)
    network.deliver([line for at, line in enumerate(network.lines) if at != lost])
    assert network.count() == (len(network.lines), len(network.lines) - 1, 1)
    assert network.names[lost] not in network.landed()

    network.deliver([network.lines[lost]])
    assert network.count() == (len(network.lines), len(network.lines), 0), "it was only late"


def test_real_player__a_report_that_the_broker_never_acknowledged_is_missing(network: Network) -> None:
    at = next(at for at, line in enumerate(network.lines) if "sta=p," in line and ",e=t," in line)
    network.deliver(network.lines[:at])
    network.broker.is_down = True
    assert network.deliver([network.lines[at]]) == [503]
    network.broker.is_down = False
    network.deliver(network.lines[at + 1 :])
    assert network.count() == (len(network.lines), len(network.lines) - 1, 1)
    assert network.names[at] not in network.landed()
