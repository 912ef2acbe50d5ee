"""Events that happen now, at an even rate, sent by the product's producer with its ledger (a process; prints nothing).

Event number n happens at the start plus n / rate, whether or not the producer can keep up: a sender that falls behind makes its events
older, not fewer. Everything else of an event is that of a simulated one.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow.dataset as ds

from playhead.events.ledger import Ledger
from playhead.events.producer import Producer, Record
from playhead.io.kafka import client_config
from playhead.settings import get_settings

PRODUCER_ID = "paced"
TEMPLATES = 20_000  # events that all others are made of
_GROUP_S = 0.01


class Template(NamedTuple):
    """A simulated event without its times and its id."""

    topic: str
    key: str
    event: dict[str, Any]


def templates(records: Path) -> list[Template]:
    """The first valid events of a simulation."""
    rows = ds.dataset(sorted(records.glob("part-*.parquet"))).head(TEMPLATES, columns=["topic", "key", "value"])
    columns = (column.to_pylist() for column in rows.columns)
    return [Template(topic, key, json.loads(value)) for topic, key, value in zip(*columns, strict=True)]


def make_record(template: Template, number: int, happened_at: datetime, received_at: datetime) -> Record:
    """Event `number`, which happened just now."""
    event_id = f"00000000-0000-4000-8000-{number:012d}"
    event = template.event | {"event_id": event_id, "event_timestamp": _text(happened_at), "received_at": _text(received_at)}
    if "sent_at" in event:
        event["sent_at"] = event["received_at"]
    return Record(template.topic, template.key, orjson.dumps(event), event_id)


def send_paced(producer: Producer, made_of: Sequence[Template], rate: float, count: int) -> None:
    """Send `count` events; returns once the last one is acknowledged."""
    began = datetime.now(UTC)
    sent = 0
    while sent < count:
        now = datetime.now(UTC)
        due = min(count, 1 + int((now - began).total_seconds() * rate))
        if due > sent:
            numbers = range(sent, due)
            producer.send([make_record(made_of[n % len(made_of)], n, began + timedelta(seconds=n / rate), now) for n in numbers])
            sent = due
        time.sleep(max(0.0, _GROUP_S - (datetime.now(UTC) - now).total_seconds()))


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def main() -> None:
    """Send to the broker, and keep the ledger, that the settings name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--count", type=int, required=True)
    arguments = parser.parse_args()
    made_of = templates(arguments.records)
    settings = get_settings()
    producer = Producer(client_config(settings), Ledger(settings.ledger_dir, PRODUCER_ID))
    send_paced(producer, made_of, arguments.rate, arguments.count)
    producer.close()


if __name__ == "__main__":
    main()
