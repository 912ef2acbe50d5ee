"""Records of all classes, in turn; each has an id of its own, and what becomes of it can be told by its number."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from bad_input.classes import CLASSES
from bad_input.model import ABSENT, AD, COMMENT, SESSION, VIDEO, InputClass
from playhead.contracts.model import event_types
from playhead.events.producer import Record

_ENVELOPE = {
    "schema_version": 1, "session_id": "s", "device_id": "d", "ip_address": "192.0.2.1", "user_agent": "agent/1", "device_type": "tv",
    "platform": "roku", "app_version": "1.0",
}  # fmt: skip
_TITLE = {"content_id": "t1", "content_type": "movie"}
_EVENTS: dict[str, dict[str, Any]] = {
    VIDEO: {
        "playback_id": "p", "video_id": "t1", "content_title": "Title", "content_type": "movie", "content_duration": 600,
        "playback_position": 0, "video_quality": "720p",
    },
    COMMENT: {**_TITLE, "comment_text": "Fine."},
    AD: {**_TITLE, "ad_id": "a", "ad_type": "pre_roll", "ad_duration": 15, "ad_position": 0},
    SESSION: {},
}  # fmt: skip


class Given(NamedTuple):
    """A record, and the class that it is of."""

    record: Record
    of: InputClass


def make(count: int, at: datetime, classes: Iterable[InputClass] = CLASSES.values()) -> Iterator[Given]:
    """So many records of the classes in turn, which happened at `at`; a class that has all of its large ones is left out."""
    turns = tuple(classes)
    made: Counter[str] = Counter()
    number = turn = 0
    while number < count:
        each = turns[turn % len(turns)]
        turn += 1
        if each.at_most is None or made[each.name] < each.at_most:
            yield Given(make_one(each, number, made[each.name], at), each)
            made[each.name] += 1
            number += 1


def make_one(of: InputClass, number: int, turn: int, at: datetime) -> Record:
    """The record of a number, which is a class's `turn`-th."""
    event = _event(of, number, turn, at)
    kind = of.of[turn % len(of.of)]
    value = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    if of.member:
        value = value[:-1] + f",{of.member}}}".encode()
    topic = of.topic or event_types()[kind].topic
    return Record(topic, of.key, of.becomes(value, turn), event.get("event_id", ""), of.headers)


def _event(of: InputClass, number: int, turn: int, at: datetime) -> dict[str, Any]:
    kind = of.of[turn % len(of.of)]
    identity = {"event_id": f"00000000-0000-4000-8000-{number:012x}", "event_type": kind}
    clocks = {name: _text(at + timedelta(minutes=of.minutes.get(name, 0))) for name in ("event_timestamp", "received_at", *of.minutes)}
    event = identity | clocks | _ENVELOPE | _EVENTS[kind] | dict(of.fields)
    return {name: value for name, value in event.items() if value is not ABSENT}


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
