"""What contestants leave in a broker: where its topics end, and which records lie between two such ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from playhead.contracts.model import event_topics

Ends = Mapping[tuple[str, int], int]

_CONSUMED_AT_ONCE = 10_000
_ANSWER_S = 10


def topic_ends(bootstrap: str) -> dict[tuple[str, int], int]:
    """The end of every partition of the event topics."""
    with _consumer(bootstrap) as consumer:
        present = consumer.list_topics(timeout=_ANSWER_S).topics
        topics = event_topics()
        pairs = [(topic, partition) for topic in topics for partition in present[topic].partitions]
        return {pair: consumer.get_watermark_offsets(TopicPartition(*pair), timeout=_ANSWER_S)[1] for pair in pairs}


def record_digest(bootstrap: str, starts: Ends, ends: Ends) -> dict[str, Any]:
    """How many records lie between, and a digest of topic, key, value and headers of each. A sum of hashes is free of order."""
    count, digest = 0, 0
    for message in _messages(bootstrap, starts, ends):
        count += 1
        digest += int.from_bytes(blake2b(repr(_content(message)).encode(), digest_size=8).digest())
    return {"rows": count, "digest": str(digest)}


def _content(message: Message) -> tuple[Any, ...]:
    return message.topic(), message.key(), message.value(), message.headers()


def _messages(bootstrap: str, starts: Ends, ends: Ends) -> Iterator[Message]:
    with _consumer(bootstrap) as consumer:
        left = [TopicPartition(*pair, starts[pair]) for pair in ends if starts[pair] < ends[pair]]
        consumer.assign(left)
        while left:
            for message in consumer.consume(_CONSUMED_AT_ONCE, timeout=0.1):
                if message.error() is not None:
                    raise KafkaException(message.error())
                yield message
            left = [p for p in consumer.position(left) if p.offset < ends[p.topic, p.partition]]


@contextmanager
def _consumer(bootstrap: str) -> Iterator[Consumer]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "auto.offset.reset": "earliest", "enable.auto.commit": False})
    try:
        yield consumer
    finally:
        consumer.close()
