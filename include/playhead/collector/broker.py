"""The collector's way to the broker: the shared Producer with its own ledger, connected when first needed and after a failure."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from playhead.errors import BrokerError
from playhead.events.ledger import Ledger
from playhead.events.producer import Producer, Record

logger = logging.getLogger(__name__)

_CONNECT_S = 3.0
_PROBE_S = 5.0


class BrokerSender:
    """Sends through Producer under a producer id that is new with every start (`collector-<uuid>`): its ledger is this process's own."""

    def __init__(self, client: Mapping[str, Any], ledger_dir: Path, *, delivery_timeout_s: float = 10) -> None:
        """Opens the ledger; the broker may still be down."""
        self._client = dict(client)
        self._ledger = Ledger(ledger_dir, f"collector-{uuid4()}")
        self._delivery_timeout_s = delivery_timeout_s
        self._producer: Producer | None = None
        self._admin: AdminClient | None = None
        self._probed_at = float("-inf")
        self._was_up = False

    @property
    def producer_id(self) -> str:
        """The producer id of this process's records."""
        return self._ledger.producer_id

    def send(self, records: Sequence[Record]) -> None:
        """Sends and waits for all acknowledgements."""
        if self._producer is None:
            self._producer = Producer(self._client, self._ledger, connect_timeout_s=_CONNECT_S, delivery_timeout_s=self._delivery_timeout_s)
        try:
            self._producer.send(records)
        except BrokerError:
            # A client that has met a fatal error (idempotence broken) never recovers; a new one does, and costs one connection.
            self._producer = None
            raise

    def is_up(self) -> bool:
        """Whether the broker answers, asked at most every five seconds."""
        if time.monotonic() - self._probed_at >= _PROBE_S:
            self._admin = self._admin or AdminClient({**self._client, "logger": logger})
            try:
                self._admin.list_topics(timeout=_CONNECT_S)
                self._was_up = True
            except KafkaException:
                self._was_up = False
            self._probed_at = time.monotonic()
        return self._was_up

    def close(self) -> None:
        """Closes the ledger."""
        self._ledger.close()
