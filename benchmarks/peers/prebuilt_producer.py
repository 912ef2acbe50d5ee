"""Peer: librdkafka sending payloads that were made before, as fast as it can; it keeps no ledger. Prints one line of JSON.

`produce` and not `produce_batch`: the latter cannot send headers.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from pathlib import Path
from typing import NamedTuple

import pyarrow.dataset as ds
from confluent_kafka import KafkaError, KafkaException, Message, Producer

_CONFIG = {
    "acks": "all",
    "enable.idempotence": True,
    "compression.type": "lz4",
    "linger.ms": 5,
    "batch.size": 900_000,
    "queue.buffering.max.messages": 500_000,
    "delivery.report.only.error": True,
}
_POLLED_EVERY = 10_000


class Prebuilt(NamedTuple):
    """A record as the client takes it."""

    topic: str
    value: bytes
    key: str
    headers: list[tuple[str, bytes]]


def prebuilt(records: Path, producer_id: str) -> list[Prebuilt]:
    """Every record of a simulation, in order."""
    rows = ds.dataset(sorted(records.glob("part-*.parquet"))).to_table(columns=["topic", "value", "key", "sequence"])
    of_producer = ("producer_id", producer_id.encode())
    columns = (column.to_pylist() for column in rows.columns)
    return [Prebuilt(t, value, key, [of_producer, ("producer_sequence", b"%d" % n)]) for t, value, key, n in zip(*columns, strict=True)]


def send(bootstrap: str, records: list[Prebuilt]) -> None:
    """Send the records; returns once the broker has acknowledged all.

    Raises:
        KafkaException: the broker refused a record.
    """
    refused: list[KafkaError] = []

    def report(error: KafkaError, _message: Message) -> None:
        refused.append(error)

    producer = Producer(_CONFIG | {"bootstrap.servers": bootstrap, "on_delivery": report})
    for number, (topic, value, key, headers) in enumerate(records):
        while True:
            try:
                producer.produce(topic, value, key, headers=headers)
            except BufferError:
                producer.poll(0.1)
                continue
            break
        if number % _POLLED_EVERY == 0:
            producer.poll(0)
    producer.flush()
    if refused:
        raise KafkaException(refused[0])


def main() -> None:
    """Make the payloads, then send them by the clock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--producer-id", required=True)
    arguments = parser.parse_args()
    records = prebuilt(arguments.records, arguments.producer_id)
    gc.disable()  # millions of live objects, none of them cyclic
    began, cpu_began = time.monotonic(), time.process_time()
    send(arguments.bootstrap, records)
    print(json.dumps({"records": len(records), "seconds": time.monotonic() - began, "cpu_s": time.process_time() - cpu_began}))


if __name__ == "__main__":
    main()
