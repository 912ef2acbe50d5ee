"""The streaming app as a process on a real broker, one for the tests of each file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import duckdb
import pytest
from deltalake import DeltaTable

from playhead.events.ledger import Ledger
from playhead.events.producer import Producer, Record
from playhead.io.kafka import ensure_topics
from playhead.io.topics import declared_topics
from playhead.local.broker import running_broker

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
        self.lake = str(home / "lake")
        self.ledger = home / "ledger"
        self.client = {"bootstrap.servers": bootstrap}
        self.environment = {
            **os.environ,
            "SPARK_CONNECT_MODE_ENABLED": "1",  # the mark of a Connect client, which may be what starts the app
            "PLAYHEAD_STATE_DIR": str(home),
            "PLAYHEAD_KAFKA_BOOTSTRAP": bootstrap,
            "PLAYHEAD_PORT_BASE": "21000",
        }

    def send(self, producer_id: str, values: list[bytes], *, topic: str = "session_events") -> None:
        producer = Producer(self.client, Ledger(self.ledger, producer_id))
        producer.send([Record(topic, "k", value) for value in values])
        producer.close()

    def start(
        self, *arguments: str, environment: Mapping[str, str] | None = None, output: int | IO[str] = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        command = [sys.executable, str(ROOT / "spark_apps" / "stream.py"), *arguments]
        return subprocess.Popen(
            command,
            env=self.environment | dict(environment or {}),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def land_all(self, environment: Mapping[str, str] | None = None) -> str:
        process = self.start("--available-now", environment=environment)
        output, _ = process.communicate(timeout=180)
        assert process.returncode == 0, output[-3000:]
        return output

    @staticmethod
    def session_start(number: int) -> bytes:
        """A valid event with an id of its own."""
        return json.dumps({**VALID, "event_id": f"00000000-0000-4000-8000-{number:012d}"}).encode()

    def query(self, sql: str) -> list[tuple[object, ...]]:
        files = DeltaTable(f"{self.lake}/bronze/events").file_uris()
        return duckdb.sql(f"WITH bronze AS (SELECT * FROM read_parquet({files})) {sql}").fetchall()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with running_broker(tmp_path_factory.mktemp("broker")) as bootstrap:
        app = App(tmp_path_factory.mktemp("home"), bootstrap)
        ensure_topics(app.client, list(declared_topics({}, 1).values()))
        yield app
