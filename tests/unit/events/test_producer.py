"""The producer: ledger before broker, acknowledgement after it, and honest about what was not acknowledged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from playhead.errors import BrokerError
from playhead.events import producer as producer_module
from playhead.events.ledger import SENT_SCHEMA, Ledger, digest, disconnected_at, read_ledger
from playhead.events.producer import Producer, Record, _ClientLog

BATCH_SCHEMA = pa.schema([*SENT_SCHEMA.remove(3), ("key", pa.string()), ("value", pa.binary())])
RECORDS = [Record("video_events", "u1", b'{"a":1}', "id-1"), Record("ad_events", "u2", b"not json")]


def batch(*sequences: int) -> pa.RecordBatch:
    """RECORDS in turn, under these sequences, as the simulator hands them over."""
    rows = [(sequence, RECORDS[number % 2]) for number, sequence in enumerate(sequences)]
    return pa.RecordBatch.from_pylist([{"sequence": sequence, **record._asdict()} for sequence, record in rows], schema=BATCH_SCHEMA)


class FakeMessage:
    """What a delivery report says about its record."""

    def __init__(self, value: bytes) -> None:
        self._value = value

    def value(self) -> bytes:
        return self._value


class FakeKafka:
    """A broker in memory. `refuses` lists values it will not acknowledge; `at_produce` looks around when a record is handed over."""

    def __init__(self, refuses: tuple[bytes, ...] = (), at_produce: Callable[[], None] = lambda: None) -> None:
        self.refuses = refuses
        self.at_produce = at_produce
        self.taken: list[dict[str, Any]] = []
        self.full_for = 0

    def __call__(self, config: dict[str, Any]) -> FakeKafka:
        self.config = config
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
        if self.full_for:
            self.full_for -= 1
            raise BufferError
        self.at_produce()
        if value in self.refuses:
            self.config["on_delivery"](KafkaError(KafkaError._MSG_TIMED_OUT), FakeMessage(value))
        else:
            self.taken.append({"topic": topic, "value": value, "key": key, "headers": headers})

    def poll(self, timeout: float) -> int:
        return 0

    def flush(self, timeout: float) -> int:
        return 0


def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kafka: FakeKafka) -> Producer:
    monkeypatch.setattr(producer_module, "KafkaProducer", kafka)
    return Producer({"bootstrap.servers": "broker:9092"}, Ledger(tmp_path, "p"))


def test_producer__sends_with_its_headers_and_keeps_the_books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = FakeKafka()
    producer = make(tmp_path, monkeypatch, kafka)
    replay = Record("video_events", "u1", b"{}", "id-3", (("replay_of", b"video_events/0/7"),))

    assert producer.send([*RECORDS, replay]) == [0, 1, 2]
    producer.close()

    assert [taken["headers"] for taken in kafka.taken] == [
        [("producer_id", b"p"), ("producer_sequence", b"0")],
        [("producer_id", b"p"), ("producer_sequence", b"1")],
        [("producer_id", b"p"), ("producer_sequence", b"2"), ("replay_of", b"video_events/0/7")],
    ]
    sent, acked = read_ledger(tmp_path)
    assert sent["event_id"].to_pylist() == ["id-1", "", "id-3"]
    assert sent["topic"].to_pylist() == ["video_events", "ad_events", "video_events"]
    assert sent["digest"].to_pylist() == [digest(b'{"a":1}'), digest(b"not json"), digest(b"{}")]
    assert acked["sequence"].to_pylist() == [0, 1, 2]


def test_producer__asks_the_broker_for_every_guarantee(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = FakeKafka()
    make(tmp_path, monkeypatch, kafka).close()
    assert kafka.config["acks"] == "all"
    assert kafka.config["enable.idempotence"] is True


def test_producer__records_are_on_disk_before_the_broker_gets_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk: list[int] = []
    kafka = FakeKafka(at_produce=lambda: on_disk.append(read_ledger(tmp_path)[0].num_rows))
    producer = make(tmp_path, monkeypatch, kafka)
    producer.send(RECORDS)
    producer.close()
    assert on_disk == [2, 2]


def test_producer__negative_control__sending_first_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk: list[int] = []
    kafka = FakeKafka(at_produce=lambda: on_disk.append(read_ledger(tmp_path)[0].num_rows))
    producer = make(tmp_path, monkeypatch, kafka)
    # The guard taken out: the ledger is written only after the records were handed over.
    monkeypatch.setattr(producer.ledger, "record_sent", lambda rows: None)
    producer.send(RECORDS)
    producer.close()
    assert on_disk == [0, 0]


def test_producer__acknowledges_only_what_the_broker_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    producer = make(tmp_path, monkeypatch, FakeKafka(refuses=(b"not json",)))
    with pytest.raises(BrokerError, match=r"did not acknowledge 1 of 2 records \(sequence 1: .*playhead status"):
        producer.send(RECORDS)
    producer.close()
    sent, acked = read_ledger(tmp_path)
    assert sent["sequence"].to_pylist() == [0, 1]
    assert acked["sequence"].to_pylist() == [0]


def test_producer__batches_keep_their_own_sequences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = FakeKafka()
    producer = make(tmp_path, monkeypatch, kafka)
    told: list[tuple[str, int]] = []
    producer.send_batches([batch(41, 40), batch(7)], lambda count: told.append(("before", count)), lambda n: told.append(("acked", n)))
    assert producer.ledger.next_sequence == 42
    producer.close()

    assert told == [("before", 2), ("acked", 2), ("before", 1), ("acked", 1)]
    assert [(taken["topic"], taken["key"], taken["value"]) for taken in kafka.taken] == [
        ("video_events", "u1", b'{"a":1}'),
        ("ad_events", "u2", b"not json"),
        ("video_events", "u1", b'{"a":1}'),
    ]
    assert [dict(taken["headers"]) for taken in kafka.taken] == [
        {"producer_id": b"p", "producer_sequence": b"%d" % sequence} for sequence in (41, 40, 7)
    ]
    sent, acked = read_ledger(tmp_path)
    assert sent.drop_columns(["producer_id"]).to_pylist() == [
        {"sequence": 7, "event_id": "id-1", "topic": "video_events", "digest": digest(b'{"a":1}')},
        {"sequence": 40, "event_id": "", "topic": "ad_events", "digest": digest(b"not json")},
        {"sequence": 41, "event_id": "id-1", "topic": "video_events", "digest": digest(b'{"a":1}')},
    ]
    assert acked["sequence"].to_pylist() == [7, 40, 41]


def test_producer__a_batch_is_on_disk_before_the_broker_gets_it_and_handed_over_once_the_one_before_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk: list[tuple[int, int]] = []

    def look() -> None:
        sent, acked = read_ledger(tmp_path)
        on_disk.append((sent.num_rows, acked.num_rows))

    producer = make(tmp_path, monkeypatch, FakeKafka(at_produce=look))
    producer.send_batches([batch(0, 1), batch(2)], lambda _count: None, lambda _count: None)
    producer.close()
    assert on_disk == [(2, 0), (2, 0), (3, 2)]


def test_producer__what_follows_a_refused_batch_is_not_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = FakeKafka(refuses=(b"not json",))
    producer = make(tmp_path, monkeypatch, kafka)
    acknowledged: list[int] = []
    with pytest.raises(BrokerError, match=r"did not acknowledge 1 of 2 records \(sequence 4: "):
        producer.send_batches([batch(3, 4), batch(5)], lambda _count: None, acknowledged.append)
    producer.close()

    assert [dict(taken["headers"])["producer_sequence"] for taken in kafka.taken] == [b"3"]
    assert acknowledged == []
    sent, acked = read_ledger(tmp_path)
    assert sent["sequence"].to_pylist() == [3, 4, 5]
    assert acked["sequence"].to_pylist() == [3]


def test_producer__the_client_reads_its_arguments_in_that_order(tmp_path: Path) -> None:
    """The real client, and the broker that it has within itself for tests."""
    producer = Producer({"bootstrap.servers": "itself", "test.mock.num.brokers": 1}, Ledger(tmp_path, "p"))
    producer.send([Record("video_events", "u1", b"{}", "id-3", (("replay_of", b"video_events/0/7"),))])
    (broker,) = producer._kafka.list_topics().brokers.values()
    reader = Consumer({"bootstrap.servers": f"{broker.host}:{broker.port}", "group.id": "test", "auto.offset.reset": "earliest"})
    reader.assign(
        [TopicPartition("video_events", partition) for partition in producer._kafka.list_topics().topics["video_events"].partitions]
    )
    (message,) = reader.consume(1, timeout=10)
    reader.close()
    producer.close()
    assert (message.topic(), message.key(), message.value()) == ("video_events", b"u1", b"{}")
    assert message.headers() == [("producer_id", b"p"), ("producer_sequence", b"0"), ("replay_of", b"video_events/0/7")]


def test_producer__waits_while_the_client_queue_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = FakeKafka()
    kafka.full_for = 3
    producer = make(tmp_path, monkeypatch, kafka)
    producer.send(RECORDS)
    producer.close()
    assert len(kafka.taken) == 2


def test_producer__a_dead_broker_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = FakeKafka()

    def no_answer(timeout: float) -> None:
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    monkeypatch.setattr(kafka, "list_topics", no_answer)
    with pytest.raises(BrokerError, match=r"no Kafka broker answers at broker:9092; start it with `playhead up`"):
        make(tmp_path, monkeypatch, kafka)


def test_producer__a_lost_connection_is_noted_and_what_else_the_client_says_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """librdkafka tells of it in its log alone."""
    log = _ClientLog(ledger := Ledger(tmp_path, "load"))
    log.log(logging.INFO, "%s [%s] %s", "GETPID", "rdkafka#producer-1", "no coordinator yet")
    assert disconnected_at(ledger.path) is None
    with caplog.at_level(logging.INFO):
        log.log(logging.INFO, "%s [%s] %s", "FAIL", "rdkafka#producer-1", "Disconnected: connection closed by peer")
    assert disconnected_at(ledger.path) is not None
    assert caplog.messages[-1:] == ["FAIL [rdkafka#producer-1] Disconnected: connection closed by peer"]
