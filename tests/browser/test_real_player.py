"""The real player up to Kafka: hls.js in Chromium -> collector -> broker, held against what the page itself measured."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer

from playhead.collector.gaps import QUIET_S, HeardHour, read_heard_hours
from playhead.events.ledger import read_ledger
from playhead.events.validation import find_faults
from playhead.io.kafka import ensure_topics
from playhead.io.topics import declared_topics
from playhead.local.broker import running_broker
from playhead.local.processes import free_port, running_process, wait_until
from playhead.player.play import MeasuredPlay, play
from playhead.settings import Settings

MISSING = [name for name in ("chromium", "ffmpeg", "npm") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        bool(MISSING) and not os.environ.get("CI"), reason=f"needs {', '.join(MISSING)}: apt-get install {' '.join(MISSING)}"
    ),
]


@dataclass(frozen=True)
class Watched:
    """Two real plays and everything that came of them."""

    plays: list[MeasuredPlay]
    records: list[tuple[dict[str, Any], dict[str, bytes]]]
    ledger_dir: Path
    heard: list[HeardHour]
    metrics: str

    def events(self, playback: MeasuredPlay, event_type: str) -> list[dict[str, Any]]:
        return [e for e, _ in self.records if e.get("playback_id") == playback.playback_id and e["event_type"] == event_type]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Plays twice, once smoothly and once with a stall, through a real collector and broker of its own."""
    home = tmp_path_factory.mktemp("real_player")
    with running_broker(home / "kafka") as bootstrap:
        ensure_topics({"bootstrap.servers": bootstrap}, list(declared_topics({"video_events": 2, "session_events": 1}, 1).values()))
        port = free_port()
        settings = {
            "PLAYHEAD_STATE_DIR": str(home),
            "PLAYHEAD_KAFKA_BOOTSTRAP": bootstrap,
            "PLAYHEAD_PORT_BASE": str(port - 81),
        }
        log = home / "collector.log"
        address = f"http://127.0.0.1:{port}"
        with running_process([sys.executable, "-m", "playhead.collector"], settings, home, log) as process:
            wait_until(lambda: is_healthy(address), lambda: process.poll() is None, "the collector", log, 60)
            plays = play(2, home=home, cache_dir=Settings().cache_dir, collector=address, port=free_port())
            metrics = httpx.get(f"{address}/metrics").text
            heard = read_heard_hours(Settings(state_dir=home).plays_file, time.time() + 2 * QUIET_S)
        yield Watched(plays, consume(bootstrap), home / "ledger", heard, metrics)


def is_healthy(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", timeout=10).status_code == 200
    except httpx.HTTPError:
        return False


def consume(bootstrap: str) -> list[tuple[dict[str, Any], dict[str, bytes]]]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "auto.offset.reset": "earliest", "enable.partition.eof": True})
    consumer.subscribe(["video_events", "session_events"])
    records, ended = [], set()
    while len(ended) < 3:
        message = consumer.poll(20)
        assert message is not None, "the broker fell silent"
        if message.error():
            ended.add((message.topic(), message.partition()))
        else:
            records.append((json.loads(message.value()), dict(message.headers())))
    consumer.close()
    return records


def test_real_player__both_plays_arrive_as_valid_events(watched: Watched) -> None:
    smooth, stalled = watched.plays
    assert [find_faults(event) for event, _ in watched.records if find_faults(event)] == []
    assert {e["playback_id"] for e, _ in watched.records if "playback_id" in e} == {smooth.playback_id, stalled.playback_id}
    assert {e["content_title"] for e, _ in watched.records if "playback_id" in e} == {"Playhead test picture"}
    assert all(e["player"] == "hls.js 1.7.4" and e["platform"] == "web" for e, _ in watched.records)


def test_real_player__startup_is_what_the_page_measured(watched: Watched) -> None:
    for each in watched.plays:
        request, started = sorted(watched.events(each, "video_play"), key=lambda e: e["event_timestamp"])
        assert "startup_time" not in request
        assert started["startup_time"] * 1000 == pytest.approx(each.startup_ms, abs=150)


def test_real_player__the_stall_is_what_the_page_measured(watched: Watched) -> None:
    smooth, stalled = watched.plays
    assert stalled.stalled_ms > 1000, "the page met no stall: the stream was not held back long enough"
    buffers = watched.events(stalled, "video_buffer")
    assert len(buffers) == len(stalled.stalls_ms)
    assert sum(e["buffer_duration"] for e in buffers) * 1000 == pytest.approx(stalled.stalled_ms, abs=150)
    assert smooth.stalls_ms == ()
    assert watched.events(smooth, "video_buffer") == []


def test_real_player__plays_complete_at_the_end_of_the_title(watched: Watched) -> None:
    for each in watched.plays:
        (complete,) = watched.events(each, "video_complete")
        assert each.has_ended
        assert complete["playback_position"] == complete["content_duration"] == 20


def test_real_player__every_report_is_answered_for(watched: Watched) -> None:
    for each in watched.plays:
        assert each.reports["rejected"] == each.reports["failed"] == 0
        assert each.reports["accepted"] + each.reports["ignored"] == each.reports["sent"]


def test_real_player__no_number_of_its_reports_is_passed_over(watched: Watched) -> None:
    """The numbers that hls.js gives begin at 0 and rise by one, as the count of lost reports presumes."""
    for each in watched.plays:
        hours = [hour for hour in watched.heard if hour.playback_id == each.playback_id]
        assert (sum(hour.heard for hour in hours), sum(hour.missing for hour in hours)) == (each.reports["sent"], 0)


def test_real_player__the_collectors_ledger_holds_every_record(watched: Watched) -> None:
    sent, acked = read_ledger(watched.ledger_dir)
    assert sorted(sent["event_id"].to_pylist()) == sorted(event["event_id"] for event, _ in watched.records)
    assert sorted(acked["sequence"].to_pylist()) == sorted(int(headers["producer_sequence"]) for _, headers in watched.records)
    assert {headers["producer_id"].decode() for _, headers in watched.records} == set(sent["producer_id"].to_pylist())
    assert 'playhead_collector_given_total{endpoint="cmcd",outcome="rejected"} 0.0' in watched.metrics
