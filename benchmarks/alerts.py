"""How long an alert takes: 1,000 events per second, each of which breaks a rule, from the producer to a consumer of the topic `alerts`.

Alone, the query `alerts` has a process to itself; together, it shares the streaming app with `ingest`. The figure is the median latency
alone, from the call that sends an event to the moment at which the consumer holds its alert, read off this process's clock. The first
tenth of the events is left out, it pays for the warm-up. Every event must raise its alert. There is no peer: the goal is absolute.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from benchmarks.harness import OURS, Bench, Goal, Measurement
from benchmarks.live_stream import LiveStream, live_stream, prepared
from benchmarks.paced_events import Template, make_record, templates
from playhead.io.topics import ALERTS
from playhead.local.processes import wait_until

RATE = 1_000
_PROBE = 1_000_000_000  # numbers from here on are sent until the first alert shows that the query looks
_START_S = 120
_LAST_S = 30
_RULES = (
    '[{rule_id: every_event, event_type: any, measure: record_bytes, comparison: ">", threshold: 0, severity: info, '
    'description: "Every event raises an alert."}]\n'
)


def _run(records: Path, size: int, directory: Path) -> Measurement:
    made_of = templates(records)
    alone = _latencies(made_of, size, directory / "alone", LiveStream.alerts_alone)
    together = _latencies(made_of, size, directory / "together", LiveStream.app)
    details = {f"{way}_{name}": value for way, found in (("alone", alone), ("together", together)) for name, value in spread(found).items()}
    return Measurement(details["alone_p50_ms"], {"alone": len(alone), "together": len(together)}, details)


def spread(latencies_s: Mapping[int, float]) -> dict[str, float]:
    """Percentiles in milliseconds of the events after the first tenth."""
    counted = np.array([latency for number, latency in latencies_s.items() if number >= len(latencies_s) // 10]) * 1000
    shares = {"p50_ms": 50, "p99_ms": 99, "p999_ms": 99.9}
    return {name: round(float(np.percentile(counted, share)), 2) for name, share in shares.items()} | {"max_ms": round(counted.max(), 2)}


def _latencies(made_of: Sequence[Template], size: int, directory: Path, start: Any) -> dict[int, float]:
    """Seconds from sending to alert, by the event's number."""
    directory.mkdir()
    rules = directory / "rules.yaml"
    rules.write_text(_RULES, encoding="utf-8")
    with live_stream(directory) as stream:
        running: AbstractContextManager[subprocess.Popen[bytes]] = start(stream, "app", rules=rules)
        with running as app, _Arrivals(stream.bootstrap) as arrivals:
            sender = Producer({"bootstrap.servers": stream.bootstrap, "acks": "all", "linger.ms": 0})
            _wait_until_alerts_come(app, stream, sender, made_of, arrivals)
            sent = _send(sender, made_of, size)
            stream.wait(app, "app", lambda: arrivals.count() >= size, f"{size} alerts", _LAST_S)
            return {number: at - sent[number] for number, at in arrivals.first_seen.items() if number in sent}


def _wait_until_alerts_come(
    app: subprocess.Popen[bytes], stream: LiveStream, sender: Producer, made_of: Sequence[Template], arrivals: _Arrivals
) -> None:
    """Send one event per topic again and again until the query is seen to look at all topics."""
    by_topic = {template.topic: template for template in made_of}
    probes = iter(range(_PROBE, 2 * _PROBE))

    def looks_everywhere() -> bool:
        for template in by_topic.values():
            _produce(sender, template, next(probes))
        sender.flush()
        return arrivals.probes() >= 10 * len(by_topic)

    wait_until(looks_everywhere, lambda: app.poll() is None, "the query `alerts`", stream.log("app"), _START_S)


def _send(sender: Producer, made_of: Sequence[Template], size: int) -> dict[int, float]:
    """Send events number 0 to `size` at an even rate; when each was sent."""
    began, sent = time.time(), {}
    for number in range(size):
        sent[number] = _produce(sender, made_of[number % len(made_of)], number)
        sender.poll(0)
        time.sleep(max(0.0, began + (number + 1) / RATE - time.time()))
    sender.flush()
    return sent


def _produce(sender: Producer, template: Template, number: int) -> float:
    now = datetime.now(UTC)
    record = make_record(template, number, now, now)
    sent_at = time.time()
    sender.produce(record.topic, record.value, record.key)
    return sent_at


class _Arrivals:
    """A consumer of the alerts, in a thread of its own: when each event's first alert was there."""

    def __init__(self, bootstrap: str) -> None:
        self.first_seen: dict[int, float] = {}
        self._stop = threading.Event()
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": "bench", "enable.auto.commit": False, "fetch.wait.max.ms": 5}
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> _Arrivals:
        self._consumer.assign([TopicPartition(ALERTS, 0, OFFSET_BEGINNING)])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def count(self) -> int:
        """Measured events whose alert is there."""
        return sum(number < _PROBE for number in tuple(self.first_seen))

    def probes(self) -> int:
        """Probes whose alert is there."""
        return sum(number >= _PROBE for number in tuple(self.first_seen))

    def _listen(self) -> None:
        while not self._stop.is_set():
            message = self._consumer.poll(0.1)
            if message is not None and message.error() is None:
                now = time.time()
                self.first_seen.setdefault(int(json.loads(message.value())["event_id"][-12:]), now)


def difference(produced: Mapping[str, Mapping[str, int]], size: int) -> str | None:
    """Events that raised no alert."""
    return None if produced[OURS] == {"alone": size, "together": size} else f"of {size} events, {produced[OURS]} raised an alert"


BENCH = Bench(
    name="alerts",
    unit="ms from producer to consumer, median alone",
    goal=Goal(
        "alone a median of at most 5 ms and a 99th percentile of at most 25 ms; beside `ingest` a 99th percentile of at most 100 ms",
        {},
        "lower",
        at_most={"alone_p50_ms": 5, "alone_p99_ms": 25, "together_p99_ms": 100},
    ),
    size=300_000,
    prepare=prepared("alerts", _run),
    difference=difference,
)
