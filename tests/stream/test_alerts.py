"""Alerts on a real broker: what breaks a rule is raised within the running app, kept once, and rules change without a restart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import Producer
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from playhead.contracts.model import event_topics
from playhead.errors import StackError
from playhead.io.delta_table import query_log
from playhead.io.topics import declared_topics
from playhead.jobs import alerts_log
from playhead.jobs.alerts import require_slots
from playhead.observability.heartbeat import read_heartbeat

pytestmark = pytest.mark.slow

EVENT = {
    "schema_version": 1, "session_id": "s", "device_id": "d", "ip_address": "192.0.2.1", "user_agent": "a", "device_type": "tv",
    "platform": "roku", "app_version": "1", "playback_id": "p", "video_id": "v", "content_title": "One", "content_type": "movie",
    "content_duration": 600, "playback_position": 30, "video_quality": "720p", "ad_id": "a", "ad_type": "pre_roll", "ad_duration": 15,
    "ad_position": 0, "content_id": "c",
}  # fmt: skip
SHIPPED = files("playhead.alerts").joinpath("rules.yaml").read_text(encoding="utf-8")
BROKEN = "- {rule_id: broken}"


def event(event_type: str, *, age: timedelta = timedelta(0), **fields: Any) -> bytes:
    """An event of its own, of now or of the past; it has been received at once."""
    moment = (datetime.now(UTC) - age).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    times = {"event_timestamp": moment, "received_at": moment}
    return json.dumps(EVENT | times | {"event_id": str(uuid.uuid4()), "event_type": event_type} | fields).encode()


def planted() -> list[bytes]:
    """One event for each of three rules."""
    return [event("video_error", fatal=True, error_code="e"), event("video_buffer", buffer_duration=60), event("ad_error", error_code="e")]


class Running:
    """The streaming app with rules of its own, and what ops.alerts_log holds."""

    def __init__(self, app: Any, process: subprocess.Popen[str], rules: Path) -> None:
        self.app = app
        self.process = process
        self.rules = rules

    def log(self) -> str:
        return str((self.app.home / "stream.log").read_text(encoding="utf-8"))

    def alerts(self) -> list[tuple[str, str]]:
        rows = query_log(self.app.lake, "ops.alerts_log", "SELECT rule_id, event_id FROM log")
        return sorted((row["rule_id"], row["event_id"]) for row in rows)

    def await_alert(self, rule: str, value: bytes) -> None:
        """Until the log holds the alert of this event."""
        wanted = (rule, json.loads(value)["event_id"])
        until(lambda: wanted in self.alerts())

    def send(self, values: list[bytes], topic: str = "video_events") -> None:
        self.app.send(uuid.uuid4().hex, values, topic=topic)


def until(is_so: Callable[[], bool]) -> None:
    Retrying(retry=retry_if_result(lambda so: not so), stop=stop_after_delay(60), wait=wait_fixed(0.2))(is_so)


@pytest.fixture(scope="module")
def running(app: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    rules = tmp_path_factory.mktemp("rules") / "rules.yaml"
    rules.write_text(BROKEN, encoding="utf-8")
    with (app.home / "stream.log").open("w", encoding="utf-8") as log:
        process = app.start(environment={"PLAYHEAD_ALERT_RULES": str(rules)}, output=log)
    yield Running(app, process, rules)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def test_alerts__rules_that_cannot_work_do_not_keep_records_from_landing(running: Running) -> None:
    until(lambda: "alerts failed and is started again" in running.log())
    running.send([event("video_buffer", buffer_duration=2)])
    until(lambda: (beat := read_heartbeat(running.app.home)) is not None and beat.batch_rows == 1)
    running.rules.write_text(SHIPPED, encoding="utf-8")
    until(lambda: "query=alerts rules=" in running.log())


def test_alerts__what_is_planted_is_raised_once_and_what_is_sound_or_old_is_not(running: Running) -> None:
    failure, stall, ad = planted()
    old = [event("video_buffer", buffer_duration=60, age=timedelta(minutes=minutes)) for minutes in (20, 60 * 24 * 30)]
    sound = [
        event("video_buffer", buffer_duration=2),
        event("video_error", fatal=False, error_code="e"),
        event("video_play", startup_time=1),
    ]
    running.send([*old, *sound, failure, stall])
    running.send([ad], topic="ad_events")
    expected = [("ad_failure", ad), ("long_stall", stall), ("playback_failure", failure)]
    for rule, value in expected:
        running.await_alert(rule, value)
    assert running.alerts() == sorted((rule, json.loads(value)["event_id"]) for rule, value in expected)


def test_alerts__a_rule_is_changed_without_a_restart_and_a_bad_file_changes_nothing(running: Running) -> None:
    running.rules.write_text(BROKEN, encoding="utf-8")
    until(lambda: "the rules in force stay" in running.log())
    before = event("video_buffer", buffer_duration=60)
    running.send([before])
    running.await_alert("long_stall", before)

    stricter = [rule | ({"threshold": 3} if rule["rule_id"] == "long_stall" else {}) for rule in yaml.safe_load(SHIPPED)]
    running.rules.write_text(yaml.safe_dump(stricter), encoding="utf-8")
    until(lambda: running.log().count("query=alerts rules=") == 2)
    after = event("video_buffer", buffer_duration=4)
    running.send([after])
    running.await_alert("long_stall", after)
    assert len(set(running.alerts())) == len(running.alerts()), "what was judged again is kept once"
    assert running.process.poll() is None


def test_alerts__sigterm_ends_both_queries_cleanly(running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)
    running.process.wait(timeout=60)
    assert running.process.returncode == 0
    assert running.log().count(" terminated error=None") == running.log().count(" started\n") == 3


def test_alerts__a_query_never_takes_the_slots_of_ingest(app: Any) -> None:
    partitions = sum(topic.partitions for topic in declared_topics({}, 1).values() if topic.name in event_topics())
    require_slots(app.client, partitions)
    with pytest.raises(StackError, match="restart it for alerts"):
        require_slots(app.client, partitions - 1)


def test_alerts_log__what_is_raised_again_is_kept_once_and_what_is_read_is_not_read_again(
    app: Any, lake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = alert("1"), alert("2")
    with reading(app, lake):
        publish(app, [first, first, b"junk", b'{"alert_id": "3"}', second])
        until(lambda: len(kept(lake)) == 2)
        publish(app, [first, alert("4")])
        until(lambda: len(kept(lake)) == 3)
    monkeypatch.setattr(alerts_log, "_known", lambda *_: set())
    with reading(app, lake):
        publish(app, [alert("5")])
        until(lambda: len(kept(lake)) > 3)
        assert kept(lake) == ["1", "2", "4", "5"], "the table knows how far the topic has been read"
        publish(app, [first])
        until(lambda: len(kept(lake)) > 4)
    assert kept(lake) == ["1", "1", "2", "4", "5"], "without the look into the table, an alert raised again would be doubled"


def alert(alert_id: str) -> bytes:
    names = ("rule_id", "severity", "event_id", "event_type", "session_id", "measure", "comparison")
    moment = "2026-03-01T12:00:00.000001Z"
    times = {"event_timestamp": moment, "raised_at": moment}
    return json.dumps({"alert_id": alert_id, "value": 1, "threshold": 1, **times, **dict.fromkeys(names, "x")}).encode()


def publish(app: Any, values: list[bytes]) -> None:
    producer = Producer(app.client)
    for value in values:
        producer.produce("alerts", value)
    producer.flush()


def kept(lake: str) -> list[str]:
    """Ids of the alerts that the test published; the topic holds those of the tests before too."""
    return sorted(row["alert_id"] for row in query_log(lake, "ops.alerts_log", "SELECT alert_id FROM log WHERE rule_id = 'x'"))


@contextmanager
def reading(app: Any, lake: str) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=alerts_log.run_alerts_log, args=(lake, app.client, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
