"""The classes of bad and odd input, held to what bronze and the collector say of them; and the judge, which must see what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from bad_input.__main__ import summarise
from bad_input.classes import CLASSES
from bad_input.judge import judge
from bad_input.records import Given, make, make_one
from playhead.bronze.events import RECORD_SCHEMA, Landing, build_events
from playhead.collector.requests import Limits, split_events, take_events
from playhead.events.clients import Client
from playhead.io.topics import declared_topics
from playhead.quality.accounting import Accounts

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOPICS = {topic.name: topic for topic in declared_topics({}, 1).values()}
LIMITS = Limits({name: topic.max_message_bytes for name, topic in TOPICS.items()})
CLIENT = Client("192.0.2.1", "agent/1", "2026-03-01T12:00:00.000Z", "")
# What the collector sees to itself, and what of a record is not of its value.
AT_THE_DOOR: dict[str, tuple[str, ...]] = {
    "received_in_the_year_1": ("range:event_timestamp",),
    "received_in_the_year_9999": ("range:event_timestamp",),
    **dict.fromkeys(["no_address", "header_that_is_no_text", "header_that_is_no_time", "wrong_topic", "array"], ()),
    "wrong_topic_and_value": ("range:latitude",),
    "empty": ("malformed_json",),
    **dict.fromkeys(["too_large", "too_large_for_a_comment"], ("too_large",)),
}


def land(given: dict[int, Given]) -> pa.Table:
    """The rows of bronze of what the broker takes."""
    taken = {number: one.record for number, one in given.items() if not one.of.is_refused}
    rows = [
        {"value": record.value, "topic": record.topic, "partition": 0, "offset": number, "kafka_timestamp": AT, "producer_sequence": number}
        | {"received_at": _text(dict(record.headers).get("received_at"))}
        for number, record in taken.items()
    ]
    return build_events(pa.Table.from_pylist(rows, RECORD_SCHEMA), Landing(AT, timedelta(days=7)))


def _text(header: bytes | None) -> str | None:
    try:
        return None if header is None else header.decode()
    except UnicodeDecodeError:
        return None


def numbered(count: int, *names: str) -> dict[int, Given]:
    return dict(enumerate(make(count, AT, [CLASSES[name] for name in names] if names else CLASSES.values())))


def test_there_are_at_least_forty_classes_of_bad_input_and_odd_ones_that_are_valid() -> None:
    assert sum(not each.is_valid for each in CLASSES.values()) >= 40
    assert sum(each.is_valid for each in CLASSES.values()) >= 20
    assert {each.name for each in CLASSES.values()} == set(CLASSES)


def test_bronze_gives_each_class_its_reasons_and_rejects_nothing_valid() -> None:
    given = numbered(4 * len(CLASSES))  # each event type that a class is of
    verdict = judge(given, land(given))
    assert verdict.is_right, verdict.wrong
    assert set(verdict.right) == set(CLASSES)


@pytest.mark.parametrize("name", CLASSES)
def test_the_collector_refuses_for_the_reasons_that_bronze_would_give(name: str) -> None:
    record = make_one(CLASSES[name], 7, 0, AT)
    intake = take_events(split_events(record.value, "application/json"), CLIENT, LIMITS)
    reasons = {reason for entry in intake.rejected for reason in entry["reasons"]}
    assert reasons == set(AT_THE_DOOR.get(name, CLASSES[name].reasons))


def test_records_differ_in_their_ids_and_large_ones_are_few() -> None:
    given = numbered(2_000, "sound", "as_large_as_may_be")
    assert len({one.record.event_id for one in given.values()}) == 2_000
    assert sum(len(one.record.value) > 500_000 for one in given.values()) == 3


@pytest.mark.parametrize("name", ["as_large_as_may_be", "as_large_as_a_comment_may_be", "long_text"])
def test_the_largest_records_are_just_under_their_topics_limits(name: str) -> None:
    record = make_one(CLASSES[name], 0, 0, AT)
    assert 0 < LIMITS.topics[record.topic] - len(record.value) < (1_100 if name != "long_text" else LIMITS.topics["user_interactions"])


Change = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.mark.parametrize(
    ("name", "change", "found"),
    [
        ("sound", lambda row: row | {"rejected_because": ["mistyped"]}, "valid_rejected"),
        ("sound", lambda row: row | {"event_id": "another"}, "altered"),
        ("sql", lambda row: row | {"app_version": "''; DROP TABLE users; --"}, "altered"),
        ("sound", lambda row: row | {"producer_sequence": 1}, "valid_unseen"),
        ("text", lambda row: row | {"producer_sequence": 1}, "bad_unseen"),
        ("text", lambda row: row | {"rejected_because": None}, "bad_accepted"),
        ("text", lambda row: row | {"rejected_because": ["not_an_object"]}, "wrong_reason"),
        ("two_at_once", lambda row: row | {"rejected_because": ["enum:platform"]}, "wrong_reason"),
        ("text", lambda row: row | {"raw": b"hallo"}, "altered"),
    ],
)
def test_the_judge_sees_what_is_wrong_with_a_row(name: str, change: Change, found: str) -> None:
    given = numbered(1, name)
    rows = land(given)
    assert judge(given, rows).is_right
    verdict = judge(given, pa.Table.from_pylist([change(row) for row in rows.to_pylist()], rows.schema))
    assert {what: dict(classes) for what, classes in verdict.wrong.items() if classes} == {found: {name: 1}}


def test_the_judge_sees_a_record_that_landed_twice() -> None:
    given = numbered(2, "sound", "text")
    rows = land(given)
    assert judge(given, pa.concat_tables([rows, rows])).doubled == {"sound": 1, "text": 1}


def test_the_judge_sees_a_record_that_should_have_been_refused() -> None:
    given = {0: Given(make_one(CLASSES["sound"], 0, 0, AT), CLASSES["sound"])}
    rows = land(given)
    refused = {0: given[0]._replace(of=replace(CLASSES["sound"], name="too_large", is_refused=True))}
    assert judge(refused, rows).too_large_seen == {"too_large": 1}
    assert judge(refused, rows.slice(0, 0)).is_right


def test_the_summary_counts_every_record_once() -> None:
    given = numbered(3, "sound", "text", "too_large")
    rows = land(given)
    books = Accounts(**dict.fromkeys(Accounts.__dataclass_fields__, 0))
    told = summarise(judge(given, pa.concat_tables([rows, rows.slice(0, 1)])), replace(books, acked_not_in_bronze=1), 0, 1.23)
    assert (told["records"], told["classes"], told["classes_seen"]) == (3, len(CLASSES), 3)
    assert (told["doubled"], told["valid_rejected"], told["bad_unseen"], told["unaccounted"], told["is_balanced"]) == (1, 0, 0, 1, 0)
    assert told["seconds"] == 1.2
