"""A real broker: topics created once and only raised, broker time, oversize messages refused, lag, a dead broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from playhead.errors import BrokerError
from playhead.io.kafka import consumer_lag, ensure_topics, stable_offsets, topic_health, topic_ids
from playhead.io.topics import declared_topics
from playhead.local.broker import running_broker
from playhead.local.processes import LOOPBACK, free_port, wait_until

Client = dict[str, str]
SMALL = {"video_events": 2, "user_interactions": 1, "ad_events": 1, "session_events": 1}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running_broker(tmp_path_factory.mktemp("kafka")) as bootstrap:
        config = {"bootstrap.servers": bootstrap}
        created = ensure_topics(config, list(declared_topics(SMALL, 1).values()))
        assert len(created) == 7
        yield config


def _send(client: Client, topic: str, value: bytes, timestamp_ms: int = 0) -> KafkaError | None:
    """Send one record past the client's own size check; returns the broker's refusal."""
    refusals: list[KafkaError | None] = []
    producer = Producer({**client, "message.max.bytes": 20_000_000, "acks": "all"})
    producer.produce(topic, value, partition=0, timestamp=timestamp_ms, on_delivery=lambda error, _message: refusals.append(error))
    producer.flush(20)
    return refusals[0]


def test_ensure_topics__a_second_time_changes_nothing(client: Client) -> None:
    assert ensure_topics(client, list(declared_topics(SMALL, 1).values())) == []
    assert all(health.healthy for health in topic_health(client, list(declared_topics(SMALL, 1))))


def test_ensure_topics__raises_and_never_lowers(client: Client) -> None:
    assert ensure_topics(client, list(declared_topics(SMALL | {"ad_events": 2}, 1).values())) == ["ad_events: 1 -> 2 partitions"]
    assert ensure_topics(client, list(declared_topics(SMALL, 1).values())) == []
    [health] = topic_health(client, ["ad_events"])
    assert health.partitions == 2


def test_records_carry_the_brokers_time(client: Client) -> None:
    """An event of 2001 must not be expired on arrival."""
    before_ms = int(time.time() * 1000)
    assert _send(client, "session_events", b"{}", timestamp_ms=1_000_000_000_000) is None
    consumer = Consumer({**client, "group.id": "test", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition("session_events", 0, 0)])
    record = consumer.poll(20)
    consumer.close()
    assert record is not None
    kind, timestamp_ms = record.timestamp()
    assert kind == 2  # TIMESTAMP_LOG_APPEND_TIME
    assert timestamp_ms >= before_ms


@pytest.mark.parametrize(("topic", "limit"), [("video_events", 1024 * 1024), ("user_interactions", 2 * 1024 * 1024)])
def test_a_message_over_its_topics_limit_is_refused(client: Client, topic: str, limit: int) -> None:
    assert _send(client, topic, b"x" * (limit - 1024)) is None
    refusal = _send(client, topic, b"x" * (limit + 1))
    assert refusal is not None
    assert refusal.code() == KafkaError.MSG_SIZE_TOO_LARGE


def test_consumer_lag__ends_less_what_was_committed(client: Client) -> None:
    ensure_topics(client, list(declared_topics(SMALL, 1).values()))
    for _ in range(3):
        _send(client, "control", b"{}")
    [lag] = consumer_lag(client, {("control", 0): 1}, ["control"])
    # 3 records, the next to read is offset 1: 3 - 1 = 2
    assert (lag.committed, lag.end, lag.records) == (1, 3, 2)
    [unread] = consumer_lag(client, {}, ["control"])
    assert unread.records == 3


def test_consumer_lag__an_unknown_topic_is_named(client: Client) -> None:
    with pytest.raises(BrokerError, match="topic nothing does not exist; run `playhead topics ensure`"):
        consumer_lag(client, {}, ["nothing"])


def test_stable_offsets__stand_where_a_transaction_begins_until_it_ends(client: Client, tmp_path: Path) -> None:
    [before] = stable_offsets(client, ["session_events", "nothing"]).values()
    producer = Producer({**client, "transactional.id": "test"})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce("session_events", b"{}")
    producer.flush(20)
    [lag] = consumer_lag(client, {}, ["session_events"])
    assert (lag.end, stable_offsets(client, ["session_events"])) == (before + 1, {("session_events", 0): before})
    producer.commit_transaction(20)
    end = {("session_events", 0): before + 2}  # the record, and the marker that the broker writes behind it
    wait_until(lambda: stable_offsets(client, ["session_events"]) == end, lambda: True, "the end", tmp_path / "log", 20)


def test_topic_ids__a_topic_made_anew_is_another(client: Client) -> None:
    names = ["control", "dead_letter_queue", "nothing_of_the_kind"]
    before = topic_ids(client, names)
    assert before.keys() == {"control", "dead_letter_queue"}
    assert topic_ids(client, names) == before
    admin = AdminClient(client)
    admin.delete_topics(["control"], operation_timeout=10)["control"].result(10)
    ensure_topics(client, list(declared_topics(SMALL, 1).values()))
    after = topic_ids(client, names)
    assert after["control"] != before["control"]
    assert after["dead_letter_queue"] == before["dead_letter_queue"]


def test_topic_ids__of_no_topic(client: Client) -> None:
    assert topic_ids(client, ["nothing_of_the_kind"]) == {}


def test_a_dead_broker_is_one_clear_line_within_ten_seconds() -> None:
    dead = f"{LOOPBACK}:{free_port()}"
    began = time.monotonic()
    with pytest.raises(BrokerError, match=f"no Kafka broker answers at {dead}; start it with `playhead up`"):
        topic_health({"bootstrap.servers": dead}, ["video_events"])
    assert time.monotonic() - began < 10
