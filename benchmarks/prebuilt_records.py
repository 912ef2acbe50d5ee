"""Records that were made before, and sending them as fast as librdkafka can, with no ledger.

`produce` and not `produce_batch`: the latter cannot send headers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow.dataset as ds
from confluent_kafka import KafkaError, KafkaException, Message, Producer

logger = logging.getLogger(__name__)

_READ_AT_ONCE = 20_000
_TOLD_EVERY = 10_000
_CONFIG = {
    "acks": "all",
    "enable.idempotence": True,
    "compression.type": "lz4",
    "linger.ms": 5,
    "batch.size": 900_000,
    "message.max.bytes": 5 * 1024 * 1024,
    "queue.buffering.max.messages": 500_000,
    "delivery.report.only.error": True,
}

# Called with how many records were handed over so far.
Advance = Callable[[int], None]


class Prebuilt(NamedTuple):
    """A record as the client takes it, with the headers of the product's producer."""

    topic: str
    value: bytes
    key: str
    headers: list[tuple[str, bytes]]


def prebuilt(records: Path, producer_id: str) -> Iterator[Prebuilt]:
    """Every record of a simulation, in order."""
    of_producer = ("producer_id", producer_id.encode())
    files = ds.dataset(sorted(records.glob("part-*.parquet")))
    for batch in files.to_batches(columns=["topic", "value", "key", "sequence"], batch_size=_READ_AT_ONCE):
        for topic, value, key, sequence in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield Prebuilt(topic, value, key, [of_producer, ("producer_sequence", b"%d" % sequence)])


def send(bootstrap: str, records: Iterable[Prebuilt], advance: Advance = lambda _sent: None) -> None:
    """Send the records; returns once the broker has acknowledged all.

    Raises:
        KafkaException: the broker refused a record.
    """
    refused: list[KafkaError] = []

    def report(error: KafkaError, _message: Message) -> None:
        refused.append(error)

    producer = Producer(_CONFIG | {"bootstrap.servers": bootstrap, "on_delivery": report, "logger": logger})
    for number, (topic, value, key, headers) in enumerate(records, 1):
        while True:
            try:
                producer.produce(topic, value, key, -1, None, None, 0, headers)  # by place: by name it takes a quarter longer
            except BufferError:
                producer.poll(0.1)
                continue
            break
        if number % _TOLD_EVERY == 0:
            producer.poll(0)
            advance(number)
    producer.flush()
    if refused:
        raise KafkaException(refused[0])
