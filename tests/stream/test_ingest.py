"""The streaming app on a real broker: each record lands once, also when the app is killed; rejected ones keep their bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable

from playhead.events.ledger import Ledger
from playhead.events.producer import Producer, Record
from playhead.io.kafka import ensure_topics
from playhead.io.topics import declared_topics
from playhead.local.broker import running_broker
from playhead.observability.heartbeat import read_heartbeat

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
VALID = {
    "event_type": "session_start", "event_timestamp": "2026-03-01T11:59:58.000Z", "received_at": "2026-03-01T11:59:59.000Z",
    "schema_version": 1, "session_id": "s", "device_id": "d", "ip_address": "192.0.2.1", "user_agent": "a", "device_type": "tv",
    "platform": "roku", "app_version": "1",
}  # fmt: skip


class App:
    """The streaming app of one state directory, as a process."""

    def __init__(self, home: Path, bootstrap: str) -> None:
        self.home = home
        self.client = {"bootstrap.servers": bootstrap}
        self._environment = {
            **os.environ,
            "PLAYHEAD_STATE_DIR": str(home),
            "PLAYHEAD_KAFKA_BOOTSTRAP": bootstrap,
            "PLAYHEAD_PORT_BASE": "21000",
        }

    def send(self, producer_id: str, values: list[bytes]) -> None:
        producer = Producer(self.client, Ledger(self.home / "ledger", producer_id))
        producer.send([Record("session_events", b"k", value) for value in values])
        producer.close()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(ROOT / "spark_apps" / "stream.py"), *arguments]
        return subprocess.Popen(
            command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )

    def land_all(self) -> str:
        process = self.start("--available-now")
        output, _ = process.communicate(timeout=180)
        assert process.returncode == 0, output[-3000:]
        return output

    def query(self, sql: str) -> list[tuple[object, ...]]:
        files = DeltaTable(str(self.home / "lake" / "bronze" / "events")).file_uris()
        return duckdb.sql(f"WITH bronze AS (SELECT * FROM read_parquet({files})) {sql}").fetchall()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with running_broker(tmp_path_factory.mktemp("broker")) as bootstrap:
        app = App(tmp_path_factory.mktemp("home"), bootstrap)
        ensure_topics(app.client, list(declared_topics({}, 1).values()))
        yield app


def _event(number: int) -> bytes:
    return json.dumps({**VALID, "event_id": f"00000000-0000-4000-8000-{number:012d}"}).encode()


def test_ingest__each_record_lands_once_and_rejected_ones_keep_their_bytes(app: App) -> None:
    app.send("first", [*(_event(n) for n in range(50)), b"junk"])
    app.land_all()
    app.send("second", [_event(n) for n in range(50, 80)])
    app.land_all()
    assert app.query('SELECT count(*), count(DISTINCT (topic, partition, "offset")), count(DISTINCT event_id) FROM bronze') == [
        (81, 81, 80)
    ]
    assert app.query("SELECT rejected_because, raw::BLOB FROM bronze WHERE rejected_because IS NOT NULL") == [(["malformed_json"], b"junk")]
    assert app.query("SELECT count(*) FROM bronze WHERE producer_id = 'second' AND producer_sequence BETWEEN 0 AND 29") == [(30,)]


def test_ingest__a_killed_app_goes_on_where_it_was(app: App) -> None:
    process = app.start()
    app.send("third", [_event(n) for n in range(100, 400)])
    for line in process.stdout or []:
        if "query=ingest batch=" in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    app.send("fourth", [_event(n) for n in range(400, 500)])
    app.land_all()
    counted = app.query("SELECT count(*), count(DISTINCT event_id) FROM bronze WHERE producer_id IN ('third', 'fourth')")
    assert counted == [(400, 400)]


def test_ingest__sigterm_ends_it_cleanly_and_one_app_at_a_time(app: App) -> None:
    process = app.start()
    for line in process.stdout or []:
        if "query=ingest started" in line:
            break
    second = app.start("--available-now")
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "bronze.events is being written by the streaming app" in output
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert read_heartbeat(app.home) is not None


def test_ingest__a_lost_checkpoint_stops_loudly_instead_of_doubling(app: App) -> None:
    checkpoint = app.home / "lake" / "_checkpoints" / "ingest"
    checkpoint.rename(checkpoint.with_name("lost"))
    process = app.start("--available-now")
    output, _ = process.communicate(timeout=120)
    checkpoint.with_name("lost").rename(checkpoint)
    assert process.returncode == 1
    assert "would land every record of Kafka again" in output
