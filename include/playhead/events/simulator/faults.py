"""What goes wrong between players and Kafka, on purpose: duplicates, late events, and records that no contract accepts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from playhead.events.simulator.encode import DUPLICATE, RECORD_SCHEMA, VALID
from playhead.events.simulator.tokens import uuids

_DUPLICATE_WITHIN_MS = 60_000
# Just under the smallest topic limit (1 MB), so that it reaches bronze and is rejected there for its length.
OVERSIZED_CHARS = 1_000_000
_OVERSIZED_EVERY_DAYS = 9
_REQUIRED = ("device_id", "session_id", "ip_address", "user_agent", "platform", "app_version", "schema_version")
_OUT_OF_RANGE: dict[str, tuple[str, Any]] = {
    "video_events": ("bitrate", -1),
    "user_interactions": ("latitude", 191.5),
    "ad_events": ("ad_duration", 0),
    "session_events": ("page_views", -3),
}
_MISTYPED: dict[str, tuple[str, Any]] = {
    "video_events": ("playback_position", "twelve"),
    "user_interactions": ("content_id", {"id": 7}),
    "ad_events": ("ad_duration", "half a minute"),
    "session_events": ("session_duration", "long"),
}

Event = dict[str, Any]


def _dump(event: Event) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def _malformed_json(event: Event, _topic: str, _number: int) -> bytes:
    return _dump(event).replace(b'":', b'"=', 1)


def _truncated(event: Event, _topic: str, number: int) -> bytes:
    whole = _dump(event)
    return whole[: len(whole) * (1 + number % 8) // 10]


def _unknown_event_type(event: Event, _topic: str, _number: int) -> bytes:
    return _dump(event | {"event_type": "video_teleport"})


def _missing_required(event: Event, _topic: str, number: int) -> bytes:
    absent = _REQUIRED[number % len(_REQUIRED)]
    return _dump({name: value for name, value in event.items() if name != absent})


def _mistyped(event: Event, topic: str, _number: int) -> bytes:
    name, value = _MISTYPED[topic]
    return _dump(event | {name: value})


def _out_of_range(event: Event, topic: str, _number: int) -> bytes:
    name, value = _OUT_OF_RANGE[topic]
    return _dump(event | {name: value})


def _bad_enum(event: Event, _topic: str, _number: int) -> bytes:
    return _dump(event | {"device_type": "fridge"})


def _in_the_future(event: Event, _topic: str, number: int) -> bytes:
    received = np.datetime64(event["received_at"].removesuffix("Z"), "ms")
    return _dump(event | {"event_timestamp": f"{received + np.timedelta64(6 + number % 1000, 'm')}Z"})


def _invalid_utf8(event: Event, _topic: str, _number: int) -> bytes:
    return _dump(event).replace(b'"user_agent":"', b'"user_agent":"\xff\xfe', 1)


def _not_an_object(event: Event, _topic: str, number: int) -> bytes:
    return (b'"' + event["event_id"].encode() + b'"') if number % 2 else b"[" + _dump(event) + b"]"


def _oversized_string(event: Event, _topic: str, _number: int) -> bytes:
    return _dump(event | {"user_agent": "x" * OVERSIZED_CHARS})


# Classes of bad records: how each is made from a good event, and whether it still has an event id that a reader could parse.
BAD: dict[str, tuple[Callable[[Event, str, int], bytes], bool]] = {
    "malformed_json": (_malformed_json, False),
    "truncated": (_truncated, False),
    "unknown_event_type": (_unknown_event_type, True),
    "missing_required": (_missing_required, True),
    "mistyped": (_mistyped, True),
    "out_of_range": (_out_of_range, True),
    "bad_enum": (_bad_enum, True),
    "in_the_future": (_in_the_future, True),
    "invalid_utf8": (_invalid_utf8, False),
    "not_an_object": (_not_an_object, False),
    "oversized_string": (_oversized_string, True),
}
_FREQUENT = tuple(name for name in BAD if name != "oversized_string")


def duplicates_of(valid: pa.Table, rate: float, random: np.random.Generator) -> pa.Table:
    """The same bytes again, up to a minute later: a client that did not hear the acknowledgement."""
    again = valid.filter(pa.array(random.random(valid.num_rows) < rate))
    order = again["order_ms"].to_numpy() + random.integers(1, _DUPLICATE_WITHIN_MS, again.num_rows)
    return _with(_with(again, "order_ms", pa.array(order)), "kind", pa.repeat(pa.scalar(DUPLICATE), again.num_rows))


def bad_ones(valid: pa.Table, rate: float, day: int, random: np.random.Generator) -> pa.Table:
    """Records beside the valid ones that each break one rule, of all classes in turn; their ids are their own."""
    models = valid.filter(pa.array(random.random(valid.num_rows) < rate)).to_pylist()
    if not models:
        return RECORD_SCHEMA.empty_table()
    ids = uuids(random, len(models)).to_pylist()
    classes = [_FREQUENT[(i + day) % len(_FREQUENT)] for i in range(len(models))]
    if day % _OVERSIZED_EVERY_DAYS == 0:
        classes[len(classes) // 2] = "oversized_string"
    broken: list[dict[str, Any]] = []
    for number, (model, event_id, name) in enumerate(zip(models, ids, classes, strict=True)):
        break_it, keeps_id = BAD[name]
        event = json.loads(model["value"]) | {"event_id": event_id}
        value = break_it(event, model["topic"], number)
        broken.append(model | {"value": value, "event_id": event_id if keeps_id else "", "kind": f"bad:{name}"})
    return pa.Table.from_pylist(broken, schema=RECORD_SCHEMA)


def count_kinds(records: pa.Table) -> dict[str, int]:
    """Records by kind."""
    counted = records.group_by("kind").aggregate([("kind", "count")])
    return dict(zip(counted["kind"].to_pylist(), counted["kind_count"].to_pylist(), strict=True))


def count_valid_types(records: pa.Table) -> dict[str, int]:
    """Valid records by event type."""
    valid = records.select(["event_type"]).filter(pa.compute.equal(records["kind"], VALID))
    counted = valid.group_by("event_type").aggregate([("event_type", "count")])
    return dict(zip(counted["event_type"].to_pylist(), counted["event_type_count"].to_pylist(), strict=True))


def _with(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)
