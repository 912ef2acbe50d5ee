"""Runs: what is kept between them, taking up a killed one, and files that hold what Kafka gets."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from playhead.errors import SettingsError
from playhead.events import producer as producer_module
from playhead.events.ledger import Ledger, digest, read_ledger
from playhead.events.producer import Producer
from playhead.events.simulator import JsonlSink, KafkaSink, ParquetSink, SimulationOptions, SimulationSummary, completed_run, run_simulation
from playhead.events.simulator import sinks as sinks_module

OPTIONS = SimulationOptions(users=25, titles=12, days=3, seed=5)
TODAY = date(2026, 11, 24)


class KilledError(BaseException):
    """Stands for SIGKILL: nothing of the product catches it."""


class FakeKafka:
    """A broker in memory that outlives its clients; it can have the process killed at the n-th record it takes."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, bytes]] = []
        self.kill_at = -1

    def __call__(self, config: dict[str, Any]) -> FakeKafka:
        return self

    def list_topics(self, timeout: float) -> None:
        """Answers."""

    def produce(
        self,
        topic: str,
        value: bytes,
        key: str,
        partition: int,
        callback: None,
        on_delivery: None,
        timestamp: int,
        headers: list[tuple[str, bytes]],
    ) -> None:
        if len(self.taken) == self.kill_at:
            raise KilledError
        self.taken.append((int(dict(headers)["producer_sequence"]), value))

    def flush(self, timeout: float) -> int:
        return 0


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> FakeKafka:
    fake = FakeKafka()
    monkeypatch.setattr(producer_module, "KafkaProducer", fake)
    monkeypatch.setattr(sinks_module, "BATCH", 500)
    return fake


def to_kafka(home: Path, options: SimulationOptions = OPTIONS, today: date = TODAY) -> SimulationSummary:
    def open_sink() -> KafkaSink:
        return KafkaSink(Producer({"bootstrap.servers": "b:1"}, Ledger(home / "ledger", options.producer_id)), 0)

    return run_simulation(options, home=home, now_day=today, open_sink=open_sink)


def test_run__sends_all_and_the_books_balance(tmp_path: Path, kafka: FakeKafka) -> None:
    summary = to_kafka(tmp_path)

    assert summary.last_day == date(2026, 11, 23)
    assert summary.first_day == date(2026, 11, 21)
    assert summary.records == summary.sent_now == len(kafka.taken) == sum(summary.kinds.values())
    assert sum(summary.event_types.values()) == summary.kinds["valid"]
    sent, acked = read_ledger(tmp_path / "ledger")
    assert set(sent["producer_id"].to_pylist()) == {"simulator-5"}
    assert sent["sequence"].to_pylist() == acked["sequence"].to_pylist() == list(range(summary.records))
    assert sent["digest"].to_pylist() == [digest(value) for _, value in sorted(kafka.taken)]
    truth = parquet.read_table(tmp_path / "simulator" / "truth.parquet")
    assert set(truth["day"].to_pylist()) == {date(2026, 11, day) for day in (21, 22, 23)}
    assert len(json.loads((tmp_path / "catalogue.json").read_text(encoding="utf-8"))) == 12


def test_run__again_sends_nothing_and_keeps_the_anchor(tmp_path: Path, kafka: FakeKafka) -> None:
    first = to_kafka(tmp_path)
    again = to_kafka(tmp_path, today=date(2026, 12, 25))
    assert (again.sent_now, again.records, again.last_day) == (0, first.records, first.last_day)
    assert len(kafka.taken) == first.records


def test_run__killed_and_run_again_sends_every_sequence_and_none_twice_once_acknowledged(tmp_path: Path, kafka: FakeKafka) -> None:
    kafka.kill_at = 1700  # in the fourth batch of 500: three are acknowledged, of the fourth 200 are with the broker
    with pytest.raises(KilledError):
        to_kafka(tmp_path)
    assert completed_run(OPTIONS, home=tmp_path, now_day=TODAY, ledger_dir=tmp_path / "ledger") is None
    sent, acked = read_ledger(tmp_path / "ledger")
    before_kill = len(kafka.taken)
    assert before_kill == 1700
    assert sent.num_rows > acked.num_rows
    acknowledged = set(acked["sequence"].to_pylist())

    kafka.kill_at = -1
    summary = to_kafka(tmp_path, today=date(2026, 11, 26))

    assert summary.sent_now == summary.records - len(acknowledged)
    times = Counter(sequence for sequence, _ in kafka.taken)
    assert set(times) == set(range(summary.records))
    assert all(times[sequence] == 1 for sequence in acknowledged)
    assert max(times.values()) == 2  # sent, not acknowledged, sent again …
    assert len(set(kafka.taken)) == summary.records  # … with the same bytes under the same sequence
    sent, acked = read_ledger(tmp_path / "ledger")
    assert sent.num_rows == acked.num_rows == summary.records


def test_completed_run__tells_without_generating(tmp_path: Path, kafka: FakeKafka) -> None:
    first = to_kafka(tmp_path)
    told = completed_run(OPTIONS, home=tmp_path, now_day=date(2027, 1, 1), ledger_dir=tmp_path / "ledger")
    assert told is not None
    assert (told.sent_now, told.records, told.kinds, told.last_day) == (0, first.records, first.kinds, first.last_day)


def test_completed_run__files_alone_do_not_complete_kafka(tmp_path: Path) -> None:
    run_simulation(OPTIONS, home=tmp_path, now_day=TODAY, open_sink=lambda: ParquetSink(tmp_path / "raw"))
    assert completed_run(OPTIONS, home=tmp_path, now_day=TODAY, ledger_dir=tmp_path / "ledger") is None


def test_run__other_options_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    run_simulation(OPTIONS, home=tmp_path, now_day=TODAY, open_sink=lambda: ParquetSink(tmp_path / "raw"))
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    other = SimulationOptions(users=26, titles=12, days=3, seed=5)
    with pytest.raises(SettingsError, match=r"users 25 -> 26\); repeat the kept ones, or use another PLAYHEAD_STATE_DIR"):
        run_simulation(other, home=tmp_path, now_day=TODAY, open_sink=lambda: ParquetSink(tmp_path / "raw"))
    assert files == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}


def test_files__hold_exactly_what_kafka_gets(tmp_path: Path, kafka: FakeKafka) -> None:
    to_kafka(tmp_path)
    run_simulation(OPTIONS, home=tmp_path, now_day=TODAY, open_sink=lambda: ParquetSink(tmp_path / "parquet"))
    run_simulation(OPTIONS, home=tmp_path, now_day=TODAY, open_sink=lambda: JsonlSink(tmp_path / "jsonl"))

    rows = pa.concat_tables([parquet.read_table(path) for path in sorted((tmp_path / "parquet").glob("part-*.parquet"))])
    assert rows.schema.names == ["sequence", "topic", "key", "kind", "value"]
    assert list(zip(rows["sequence"].to_pylist(), rows["value"].to_pylist(), strict=True)) == kafka.taken
    for topic in ("video_events", "user_interactions", "ad_events", "session_events"):
        lines = (tmp_path / "jsonl" / f"{topic}.jsonl").read_bytes().split(b"\n")
        assert lines.pop() == b""
        assert lines == [row["value"] for row in rows.to_pylist() if row["topic"] == topic]


def test_run__memory_of_a_day_is_kept_for_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pools: set[str] = set()
    monkeypatch.setattr(ParquetSink, "write", lambda _sink, _day, _sent: pools.add(pa.default_memory_pool().backend_name) or 0)
    usual = pa.default_memory_pool().backend_name
    run_simulation(OPTIONS, home=tmp_path, now_day=TODAY, open_sink=lambda: ParquetSink(tmp_path / "raw"))
    assert pools == {"system"}
    assert pa.default_memory_pool().backend_name == usual


def test_files__of_an_earlier_simulation_do_not_mix_in(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "part-2020-01-01.parquet").write_bytes(b"of another simulation")
    run_simulation(OPTIONS, home=tmp_path, now_day=TODAY, open_sink=lambda: ParquetSink(raw))
    assert sorted(path.name for path in raw.iterdir()) == [f"part-2026-11-{day}.parquet" for day in (21, 22, 23)]


def test_kafka_sink__keeps_to_the_rate(tmp_path: Path, kafka: FakeKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(sinks_module.time, "sleep", sleep)
    monkeypatch.setattr(sinks_module.time, "monotonic", lambda: now)

    def open_sink() -> KafkaSink:
        return KafkaSink(Producer({"bootstrap.servers": "b:1"}, Ledger(tmp_path / "ledger", OPTIONS.producer_id)), 250)

    records = run_simulation(OPTIONS, home=tmp_path, now_day=TODAY, open_sink=open_sink).records
    # the clock moves only by the sink's own waits: all but the last batch of at most 250 has had its second
    assert (records - 250) / 250 <= now - 100 <= records / 250


@pytest.mark.parametrize(
    ("dials", "message"), [({"users": 0}, "--users is 0"), ({"bad": 1.5}, "--bad is 1.5"), ({"clock_skew": -1}, "--clock-skew is -1")]
)
def test_options__wrong_dials_are_named(dials: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        SimulationOptions(**dials)
