"""The streaming app while events happen: broker, app and sender as processes of their own, and the books of what came of it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable

from benchmarks import bronze_table
from benchmarks.broker_records import topic_ends
from benchmarks.harness import OURS, Contestant, Measurement, Prepare, Report
from benchmarks.live_table import LiveTable
from benchmarks.paced_events import TEMPLATES
from benchmarks.preload import simulated_records
from benchmarks.processes import ROOT, python_process
from playhead.events.ledger import read_ledger
from playhead.io.kafka import ensure_topics
from playhead.io.topics import declared_topics
from playhead.local.broker import running_broker
from playhead.local.processes import log_tail, wait_until
from playhead.settings import get_settings

TABLE = Path("lake") / "bronze" / "events"
_START_S = 120
_LAND_S = 300
_END_S = 60
_ENDLESS = 10**9
_BOOKS = """
WITH landed AS (SELECT event_id, rejected_because FROM read_parquet($files, hive_partitioning = false)),
    acknowledged AS (SELECT event_id FROM sent SEMI JOIN acked USING (producer_id, sequence))
SELECT (SELECT count(*) FROM acknowledged) AS acked,
    (SELECT count(*) FROM acknowledged ANTI JOIN landed USING (event_id)) AS lost,
    (SELECT count(*) - count(DISTINCT event_id) FROM landed) AS doubled,
    (SELECT count(*) FROM landed ANTI JOIN sent USING (event_id)) AS unsent,
    (SELECT count(rejected_because) FROM landed) AS rejected
"""


@dataclass(frozen=True, slots=True)
class LiveStream:
    """One broker, and one state directory of whoever works on it."""

    bootstrap: str
    directory: Path

    @property
    def table(self) -> Path:
        """bronze.events."""
        return self.directory / TABLE

    def app(self, name: str, rules: Path | None = None) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """The streaming app, with the shipped rules of alerts or those of a file; ended with SIGTERM where it still runs.

        Raises:
            RuntimeError: it did not end cleanly when asked to.
        """
        return self._running([str(ROOT / "spark_apps" / "stream.py")], name, rules)

    def alerts_alone(self, name: str, rules: Path) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """The query `alerts` without the rest of the streaming app; else as `app`."""
        return self._running(["-m", "benchmarks.alerts_alone"], name, rules)

    @contextmanager
    def _running(self, arguments: list[str], name: str, rules: Path | None) -> Iterator[subprocess.Popen[bytes]]:
        log = self.log(name)
        settings = {} if rules is None else {"PLAYHEAD_ALERT_RULES": str(rules)}
        with python_process(arguments, self.bootstrap, self.directory, log, settings) as process:
            yield process
            if process.poll() is None:
                process.terminate()
            if process.wait(timeout=_END_S) not in (0, -signal.SIGKILL):
                raise RuntimeError(f"{name} ended with {process.returncode}: {log_tail(log, 10)}")

    @contextmanager
    def sender(self, records: Path, rate: float, count: int) -> Iterator[subprocess.Popen[bytes]]:
        """`count` events of the kind of `records` that begin to happen now.

        Raises:
            RuntimeError: not all could be sent.
        """
        log = self.log("sender")
        with python_process(_sending(records, rate, count), self.bootstrap, self.directory, log) as process:
            yield process
            if process.wait(timeout=count / rate + _LAND_S):
                raise RuntimeError(f"the sender ended with {process.returncode}: {log_tail(log, 10)}")

    @contextmanager
    def endless_sender(self, records: Path, rate: float) -> Iterator[None]:
        """Events of the kind of `records` that happen until the context ends; then the sender is killed, whatever is under way."""
        with python_process(_sending(records, rate, _ENDLESS), self.bootstrap, self.directory, self.log("sender")):
            yield

    def no_rules(self) -> Path:
        """A file of no rules, by which the app raises no alerts: `ingest` is alone."""
        rules = self.directory / "no_rules.yaml"
        rules.write_text("[]\n", encoding="utf-8")
        return rules

    def wait_started(self, app: subprocess.Popen[bytes], name: str) -> None:
        """Wait until the app's query runs."""
        log = self.log(name)
        wait_until(lambda: b"query=ingest started" in log.read_bytes(), lambda: app.poll() is None, "the streaming app", log, _START_S)

    def wait_sent(self, app: subprocess.Popen[bytes], name: str, count: int) -> None:
        """Wait until the broker holds `count` records."""
        self.wait(app, name, lambda: sum(topic_ends(self.bootstrap).values()) >= count, f"sending {count} records")

    def wait_landed(self, app: subprocess.Popen[bytes], name: str, count: int) -> None:
        """Wait until bronze holds `count` records."""
        self.wait(app, name, lambda: self.landed() >= count, f"landing {count} records")

    def landed(self) -> int:
        """How many records bronze holds by its log."""
        return sum(commit.records for commit in bronze_table.commits(self.table))

    def live_table(self) -> LiveTable:
        """gold.qoe_live."""
        lake = self.directory / "lake"
        return LiveTable(lake / "gold" / "qoe_live", lake / "_checkpoints" / "live")

    def wait_shown_live(self, app: subprocess.Popen[bytes], name: str, live: LiveTable) -> None:
        """Wait until gold.qoe_live tells of all that bronze holds."""
        landings = bronze_table.commits(self.table)
        self.wait(app, name, lambda: len(live.shown(landings)) == len(landings), "live numbers")

    def books(self) -> dict[str, int]:
        """Acknowledged events, and by anti-joins of ids those lost, doubled, never sent, and rejected."""
        sent, acked = read_ledger(self.directory / "ledger")
        connection = duckdb.connect()
        connection.register("sent", sent)
        connection.register("acked", acked)
        found = connection.execute(_BOOKS, {"files": DeltaTable(self.table).file_uris()})
        return dict(zip([column[0] for column in found.description], found.fetchall()[0], strict=True))

    def wait(self, app: subprocess.Popen[bytes], name: str, ready: Callable[[], bool], what: str, limit_s: float = _LAND_S) -> None:
        """Wait until something is so, as long as the app runs."""
        wait_until(ready, lambda: app.poll() is None, what, self.log(name), limit_s)

    def log(self, name: str) -> Path:
        """What a process said."""
        return self.directory / f"{name}.log"


@contextmanager
def live_stream(directory: Path) -> Iterator[LiveStream]:
    """A broker of one's own with the declared topics, empty."""
    with running_broker(directory / "broker") as bootstrap:
        ensure_topics({"bootstrap.servers": bootstrap}, list(declared_topics(get_settings().topic_partitions, 1).values()))
        yield LiveStream(bootstrap, directory)


def prepared(name: str, run: Callable[[Path, int, Path], Measurement]) -> Prepare:
    """How a bench of the live stream is prepared: `run` is given what events are made of, their number, and a turn's directory.

    Broker and app belong to a turn.
    """

    @contextmanager
    def prepare(state_dir: Path, size: int, report: Report) -> Iterator[Sequence[Contestant]]:
        report(f"{name}: simulating what events are made of (kept for the next time)")
        yield [Contestant(OURS, partial(run, simulated_records(state_dir, TEMPLATES, is_valid=True), size))]

    return prepare


def _sending(records: Path, rate: float, count: int) -> list[str]:
    return ["-m", "benchmarks.paced_events", "--records", str(records), "--rate", str(rate), "--count", str(count)]


def kill(app: subprocess.Popen[bytes]) -> None:
    """End the driver with its JVM at once, as a lost machine would (kill -9)."""
    os.killpg(app.pid, signal.SIGKILL)
    app.wait()


def difference(produced: Mapping[str, Mapping[str, Any]], size: int) -> str | None:
    """What the books say against ours: an event not acknowledged, lost, doubled, never sent, or rejected."""
    wrong = {name: books for name, books in produced.items() if books != _balanced(size)}
    return f"the books of {size} events do not balance: {wrong}" if wrong else None


def _balanced(size: int) -> dict[str, int]:
    return {"acked": size, "lost": 0, "doubled": 0, "unsent": 0, "rejected": 0}
