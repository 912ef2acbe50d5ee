"""Requests into records: bodies read within bounds, events decoded, completed, judged, and put into Kafka's shape.

Every event or report of a request ends as a record, a rejection with reasons, or (CMCD only) as held or ignored; Intake says which.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request

from playhead.contracts.model import event_types
from playhead.errors import PlayheadError
from playhead.events.clients import Client
from playhead.events.producer import Record
from playhead.events.validation import Fault, as_object, decode_json, find_faults

_NO_ADDRESS = "::"  # behind a Unix socket there is none
_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")


class TooLargeError(PlayheadError):
    """A body, or its number of events, is over what one request may carry; `limit` says how much that is."""

    def __init__(self, message: str, limit: int, unit: str) -> None:
        """The limit goes into the answer."""
        super().__init__(message)
        self.limit = limit
        self.unit = unit


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may carry. `topics` are the largest messages that the topics take, bytes."""

    topics: Mapping[str, int]
    body_bytes: int = 5 * 1024 * 1024
    events: int = 10_000


@dataclass(slots=True)
class Intake:
    """What became of a request's events, in their order."""

    records: list[Record] = field(default_factory=list)
    event_ids: list[str] = field(default_factory=list)
    accepted: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    ignored: list[dict[str, Any]] = field(default_factory=list)

    def accept(self, *records: Record) -> None:
        """One event or report was taken, as these records."""
        self.accepted += 1
        self.records += records
        self.event_ids += [record.event_id for record in records]

    def reject(self, index: int, faults: Sequence[Fault], event_id: Any = None) -> None:
        """One was refused, for all these reasons."""
        reasons = list(dict.fromkeys(fault.code for fault in faults))
        entry = {"index": index, "reasons": reasons, "details": [fault.detail for fault in faults]}
        self.rejected.append(entry | ({"event_id": event_id} if isinstance(event_id, str) else {}))

    def ignore(self, index: int, reason: str) -> None:
        """One needs no record, or none yet (`held`)."""
        self.ignored.append({"index": index, "reason": reason})


async def read_body(request: Request, limit: int) -> bytes:
    """The body, given up as soon as it is over the limit.

    Raises:
        TooLargeError: it is.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLargeError(f"the body is over {limit} bytes; send fewer events per request", limit, "bytes")
    return bytes(body)


def client_of(request: Request, received_at: str) -> Client:
    """Who sent the request, as the request itself tells."""
    address = request.client.host if request.client else _NO_ADDRESS
    user_agent = request.headers.get("user-agent", "") or "unknown"
    return Client(address, user_agent[:1024], received_at, request.query_params.get("target", "")[:64])


def split_events(body: bytes, content_type: str) -> list[Any]:
    """The events of a body (JSON object, JSON array, or one object per line), each decoded or a Fault.

    A body that cannot be parsed is one fault: where its events begin and end cannot be known.
    """
    lines = [line for line in body.splitlines() if line.strip()]
    if content_type.partition(";")[0].strip().lower() in _LINES:
        return [decode_json(line) for line in lines]
    value = decode_json(body)
    if isinstance(value, list):
        return value
    if isinstance(value, Fault) and len(lines) > 1 and isinstance(decode_json(lines[0]), dict):
        return [decode_json(line) for line in lines]
    return [value]


def take_events(events: Sequence[Any], client: Client, limits: Limits) -> Intake:
    """Judges events as their senders made them.

    received_at is always overwritten: the acceptor says when it accepted. ip_address and user_agent are filled in where absent, because
    a page cannot know the first and need not repeat the second. Nothing else is changed.
    """
    intake = Intake()
    for index, given in enumerate(events):
        event = given if isinstance(given, Fault) else as_object(given)
        if isinstance(event, Fault):
            intake.reject(index, [event])
            continue
        completed = complete(event, client)
        result = to_record(completed, limits)
        if isinstance(result, Record):
            intake.accept(result)
        else:
            intake.reject(index, result, event.get("event_id"))
    return intake


def complete(event: Mapping[str, Any], client: Client) -> dict[str, Any]:
    """The event without its nulls, with what only the acceptor knows."""
    known = {name: value for name, value in event.items() if value is not None}
    return {"ip_address": client.address, "user_agent": client.user_agent, **known, "received_at": client.received_at}


def to_record(event: Mapping[str, Any], limits: Limits) -> Record | list[Fault]:
    """The event as a Kafka record of its family's topic, or every reason why it is refused."""
    faults = find_faults(event)
    if faults:
        return faults
    topic = event_types()[event["event_type"]].topic
    value = _dump(event)
    limit = limits.topics[topic]
    if len(value) > limit:
        return [Fault("too_large", f"the event has {len(value)} bytes, topic {topic} takes {limit}")]
    key = event.get("user_id") or event["session_id"]
    return Record(topic, key, value, event["event_id"], (("received_at", event["received_at"].encode()),))


def _dump(event: Mapping[str, Any]) -> bytes:
    """The event as JSON. orjson writes no whole number beyond 64 bits, which a field that no contract knows may hold."""
    try:
        return orjson.dumps(event)
    except orjson.JSONEncodeError:
        return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
