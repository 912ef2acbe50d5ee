"""The one way into Kafka: ledger first, then the broker, then the acknowledgements.

send() returns only when the broker has acknowledged every record (acks=all, idempotent) and the ledger says so on disk. It blocks; servers
call it in a thread. Records of one call go out in order per key.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
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
    # Idle connections are closed from this side: one that the broker closes would look like one that was lost.
    "connections.max.idle.ms": 4 * 60 * 1000,
    "queue.buffering.max.messages": 500_000,
    # Successes cost no Python call: after flush(), a record is acknowledged unless its callback reported an error.
    "delivery.report.only.error": True,
}
_ANY_PARTITION = -1
_Headers = tuple[tuple[str, bytes], ...]


class Record(NamedTuple):
    """One record to send. `event_id` is empty where a deliberately bad record has none; `headers` come on top of the producer's own."""

    topic: str
    key: str | bytes | None
    value: bytes
    event_id: str = ""
    headers: _Headers = ()


class _Entered(NamedTuple):
    """Records that the ledger says are about to be sent, by `rows`; `extras` are headers beyond the producer's own."""

    rows: pa.Table
    keys: Sequence[str | bytes | None]
    values: Sequence[bytes]
    extras: Iterable[_Headers]


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
            _CONFIG
            | {
                "delivery.timeout.ms": int(delivery_timeout_s * 1000),
                "logger": _ClientLog(ledger),
                "on_delivery": self._refuse,
            }
            | dict(client)
        )
        self._kafka = KafkaProducer(config)
        try:
            self._kafka.list_topics(timeout=connect_timeout_s)
        except KafkaException as error:
            raise BrokerError(
                f"no Kafka broker answers at {self._bootstrap}; start it with `playhead up`, or set PLAYHEAD_KAFKA_BOOTSTRAP"
            ) from error

    def send(self, records: Sequence[Record]) -> list[int]:
        """Sends the records and returns their sequence numbers, once all are acknowledged and the ledger says so.

        Raises:
            BrokerError: some record was not acknowledged; those that were are in the ledger as such.
        """
        with self._turn:
            first = self.ledger.next_sequence
            numbers = list(range(first, first + len(records)))
            values = [record.value for record in records]
            rows = sent_rows(records, numbers)
            self.ledger.record_sent(rows)
            entered = _Entered(rows, [record.key for record in records], values, [record.headers for record in records])
            self._hand_over(entered)
            self._settle(entered)
        return numbers

    def send_batches(self, batches: Iterable[pa.RecordBatch], before: Callable[[int], None], acknowledged: Callable[[int], None]) -> None:
        """Sends rows (sequence, topic, key, event_id, value) under their own sequences, with no object for each.

        While the broker works on a batch the next one is entered in the ledger; it is handed over when the one before is acknowledged.

        Args:
            batches: what to send.
            before: told how many rows are about to be handed over.
            acknowledged: told how many rows the ledger has come to call acknowledged.

        Raises:
            BrokerError: some record was not acknowledged; those that were are in the ledger as such.
        """

        def settle(entered: _Entered) -> None:
            self._settle(entered)
            acknowledged(len(entered.values))

        with self._turn:
            under_way: _Entered | None = None
            for batch in batches:
                values = batch["value"].to_pylist()
                rows = _sent_columns(batch["sequence"], batch["event_id"], batch["topic"], values)
                self.ledger.record_sent(rows)
                if under_way is not None:
                    settle(under_way)
                under_way = _Entered(rows, batch["key"].to_pylist(), values, repeat((), len(values)))
                before(len(values))
                self._hand_over(under_way)
            if under_way is not None:
                settle(under_way)

    def close(self) -> None:
        """Closes the ledger; nothing is in flight between calls."""
        self.ledger.close()

    def _hand_over(self, entered: _Entered) -> None:
        """Gives the records to the client, which sends them by itself."""
        self._refused = {}
        produce, own = self._kafka.produce, self._producer_header
        topics, numbers = (entered.rows[name].to_pylist() for name in ("topic", "sequence"))
        for topic, key, value, sequence, extra in zip(topics, entered.keys, entered.values, numbers, entered.extras, strict=True):
            headers = [own, ("producer_sequence", b"%d" % sequence), *extra]
            while True:
                try:
                    # By place: the client takes a quarter longer to read the same arguments by name.
                    produce(topic, value, key, _ANY_PARTITION, None, None, 0, headers)
                except BufferError:
                    self._kafka.poll(0.1)
                    continue
                except KafkaException as error:
                    self._refused[value] = error.args[0].str()
                break

    def _settle(self, entered: _Entered) -> None:
        """Waits for all that was handed over, and enters what was acknowledged."""
        while self._kafka.flush(1.0):
            pass  # every record ends within delivery.timeout.ms, acknowledged or failed
        sequences = entered.rows["sequence"]
        if not self._refused:
            self.ledger.record_acked(sequences)
            return
        numbers = sequences.to_pylist()
        failures = {n: self._refused[value] for n, value in zip(numbers, entered.values, strict=True) if value in self._refused}
        self.ledger.record_acked(pa.array([n for n in numbers if n not in failures], pa.int64()))
        sequence, reason = next(iter(failures.items()))
        raise BrokerError(
            f"Kafka at {self._bootstrap} did not acknowledge {len(failures)} of {len(numbers)} records"
            f" (sequence {sequence}: {reason}); see `playhead status`, then send again"
        )

    def _refuse(self, error: KafkaError, message: Message) -> None:
        """Delivery report of a failed record. Records of equal bytes count as failed together: sending one again harms nobody."""
        self._refused[message.value()] = error.str()


class _ClientLog:
    """What the client says goes to the log. It tells of a lost connection there and nowhere else, since it mends that by itself."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def log(self, level: int, message: str, *parts: object) -> None:
        """Take one message: its kind, the client's name, and the words."""
        logger.log(level, message, *parts)
        if parts[:1] == ("FAIL",):
            self._ledger.note_disconnect()


def sent_rows(records: Sequence[Record], numbers: Sequence[int]) -> pa.Table:
    """What the ledger says of records that are about to be sent under these numbers."""
    event_ids, topics = [record.event_id for record in records], [record.topic for record in records]
    return _sent_columns(numbers, event_ids, topics, [record.value for record in records])


def _sent_columns(
    sequences: Sequence[int] | pa.Array, event_ids: Sequence[str] | pa.Array, topics: Sequence[str] | pa.Array, values: Sequence[bytes]
) -> pa.Table:
    columns = {"sequence": sequences, "event_id": event_ids, "topic": topics, "digest": [digest(value) for value in values]}
    return pa.table(columns, schema=SENT_SCHEMA)
