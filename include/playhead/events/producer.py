"""The one way into Kafka: ledger first, then the broker, then the acknowledgements.

send() returns only when the broker has acknowledged every record (acks=all, idempotent) and the ledger says so on disk. It blocks; servers
call it in a thread. Records of one call go out in order per key.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as KafkaProducer

from playhead.errors import BrokerError
from playhead.events.ledger import SENT_SCHEMA, Ledger, digest

logger = logging.getLogger(__name__)

_CONFIG: dict[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    "compression.type": "lz4",
    "linger.ms": 5,
    # Batches stay under the smallest topic limit (1 MB); a single larger record is checked against its own topic's limit by the broker.
    "message.max.bytes": 5 * 1024 * 1024,
    "batch.size": 900_000,
    "queue.buffering.max.messages": 500_000,
    # Successes cost no Python call: after flush(), a record is acknowledged unless its callback reported an error.
    "delivery.report.only.error": True,
}


class Record(NamedTuple):
    """One record to send. `event_id` is empty where a deliberately bad record has none; `headers` come on top of the producer's own."""

    topic: str
    key: str | bytes | None
    value: bytes
    event_id: str = ""
    headers: tuple[tuple[str, bytes], ...] = ()


class Producer:
    """Sends records with a ledger. `client` holds at least bootstrap.servers; safe to share between threads (calls take turns)."""

    def __init__(
        self, client: Mapping[str, Any], ledger: Ledger, *, connect_timeout_s: float = 10, delivery_timeout_s: float = 120
    ) -> None:
        """Connects, and says so where nothing answers.

        Raises:
            BrokerError: no broker answers at bootstrap.servers within `connect_timeout_s`.
        """
        self.ledger = ledger
        self._bootstrap = client["bootstrap.servers"]
        self._turn = threading.Lock()
        self._producer_header = ("producer_id", ledger.producer_id.encode())
        self._refused: dict[bytes, str] = {}
        config = (
            _CONFIG | {"delivery.timeout.ms": int(delivery_timeout_s * 1000), "logger": logger, "on_delivery": self._refuse} | dict(client)
        )
        self._kafka = KafkaProducer(config)
        try:
            self._kafka.list_topics(timeout=connect_timeout_s)
        except KafkaException as error:
            raise BrokerError(
                f"no Kafka broker answers at {self._bootstrap}; start it with `playhead up`, or set PLAYHEAD_KAFKA_BOOTSTRAP"
            ) from error

    def send(self, records: Sequence[Record], sequences: Sequence[int] | None = None) -> list[int]:
        """Sends the records and returns their sequence numbers, once all are acknowledged and the ledger says so.

        Args:
            records: what to send.
            sequences: numbers to send them under, where the caller owns the numbering; by default the ledger's next ones.

        Raises:
            BrokerError: some record was not acknowledged; those that were are in the ledger as such.
        """
        with self._turn:
            first = self.ledger.next_sequence
            numbers = list(range(first, first + len(records))) if sequences is None else list(sequences)
            self.ledger.record_sent(_sent_rows(records, numbers))
            failures = self._deliver(records, numbers)
            self.ledger.record_acked(pa.array([n for n in numbers if n not in failures], pa.int64()))
        if failures:
            sequence, reason = next(iter(failures.items()))
            raise BrokerError(
                f"Kafka at {self._bootstrap} did not acknowledge {len(failures)} of {len(records)} records"
                f" (sequence {sequence}: {reason}); see `playhead status`, then send again"
            )
        return numbers

    def close(self) -> None:
        """Closes the ledger; nothing is in flight between calls."""
        self.ledger.close()

    def _deliver(self, records: Sequence[Record], numbers: Sequence[int]) -> dict[int, str]:
        """Hands the records to the client and waits for all of them; returns the failed sequences with their reasons."""
        self._refused = {}
        for (topic, key, value, _, extra), sequence in zip(records, numbers, strict=True):
            headers = [self._producer_header, ("producer_sequence", b"%d" % sequence), *extra]
            while True:
                try:
                    self._kafka.produce(topic, value, key, headers=headers)
                except BufferError:
                    self._kafka.poll(0.1)
                    continue
                except KafkaException as error:
                    self._refused[value] = error.args[0].str()
                break
        while self._kafka.flush(1.0):
            pass  # every record ends within delivery.timeout.ms, acknowledged or failed
        if not self._refused:
            return {}
        return {number: self._refused[r.value] for r, number in zip(records, numbers, strict=True) if r.value in self._refused}

    def _refuse(self, error: KafkaError, message: Message) -> None:
        """Delivery report of a failed record. Records of equal bytes count as failed together: sending one again harms nobody."""
        self._refused[message.value()] = error.str()


def _sent_rows(records: Sequence[Record], numbers: Sequence[int]) -> pa.Table:
    return pa.table(
        {
            "sequence": numbers,
            "event_id": [record.event_id for record in records],
            "topic": [record.topic for record in records],
            "digest": [digest(record.value) for record in records],
        },
        schema=SENT_SCHEMA,
    )
