"""Any record at all as a bronze row, one by one: what is not plain is read here, and every rejection gets its reasons here.

Slow next to the vectorised way of the plain ones, and exact; the judge is the collector's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from playhead.contracts.model import event_columns, event_types
from playhead.events.validation import Fault, decode_event, judge

WRONG_TOPIC = "wrong_topic"


@dataclass(frozen=True, slots=True)
class Received:
    """What Kafka says of a record. `received_at` is the header's time of first receipt, ISO 8601, where there is one."""

    value: bytes | None
    topic: str
    received_at: str | None


def read_record(record: Received, late_horizon: timedelta) -> dict[str, Any]:
    """The columns of bronze.events that follow from the record's own bytes.

    A rejected record keeps the fields that could be read, its bytes and its reasons; it touches no event hour.
    """
    raw = record.value or b""
    event = decode_event(raw)
    if isinstance(event, Fault):
        return {"rejected_because": [event.code], "raw": raw}
    # A replay keeps the time of its first receipt, also where the producer left it out of the payload.
    given = event if event.get("received_at") is not None else {**event, "received_at": record.received_at}
    judgement = judge(given)
    values = dict(judgement.values)
    kind = event_types().get(values.get("event_type", ""))
    reasons = list(dict.fromkeys(fault.code for fault in judgement.faults))
    if kind is not None and kind.topic != record.topic:
        reasons.append(WRONG_TOPIC)
    values["family"] = kind.family if kind else None
    if reasons:
        return {**values, "rejected_because": reasons, "raw": raw}
    happened = values["event_timestamp"]
    return {
        **values,
        "event_hour": happened.replace(minute=0, second=0, microsecond=0),
        "is_late": values["received_at"] - happened > late_horizon,
        "extras": _extras(event),
    }


def _extras(event: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """Fields that no contract knows, as their JSON text; None where there are none."""
    known = {column.name for column in event_columns()}
    unknown = [(name, json.dumps(value, ensure_ascii=False, separators=(",", ":"))) for name, value in event.items() if name not in known]
    return unknown or None
