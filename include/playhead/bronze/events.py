"""Kafka records to bronze.events: one parse, one row each, nothing dropped.

Grain: one row per Kafka record, in order of arrival. A record that breaks its contract keeps its bytes and the reasons; late events are
flagged, not rejected. Running again over the same records gives the same rows (landed_at is given, not read from a clock).

How bad records cost good ones nothing: a plain record (one flat object, no escapes, every field known and of its type) is recognised by a
few cheap tests, and only the others pay for the exact ones.
"""

from __future__ import annotations

from datetime import timedelta
from operator import add, or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import event_columns, event_types, load_contract
from playhead.quality.rules import Rule, all_of, balanced, broken_codes, event_rules, family_of, hold, is_broken

INVALID_UTF8 = "invalid_utf8"
MALFORMED_JSON = "malformed_json"
NOT_AN_OBJECT = "not_an_object"
DUPLICATE_KEY = "duplicate_key"
UNKNOWN_EVENT_TYPE = "unknown_event_type"
WRONG_TOPIC = "wrong_topic"
MISTYPED = "mistyped"

# Strict JSON; what does not fit its column makes the corrupt-record column non-NULL.
_JSON_OPTIONS = {
    "mode": "PERMISSIVE",
    "columnNameOfCorruptRecord": "_corrupt",
    "allowNonNumericNumbers": "false",
    "allowSingleQuotes": "false",
}
_ISO_TIMESTAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)\z"
_ISO_DATE = r"^\d{4}-\d\d-\d\d\z"
_CLOCK_PATTERNS = {"timestamp": _ISO_TIMESTAMP, "date": _ISO_DATE}


def build_events(records: DataFrame, *, late_horizon: timedelta, landed_at: Column) -> DataFrame:
    """Rows of bronze.events, one for each Kafka record.

    Args:
        records: the Kafka source's columns (key, value, headers, topic, partition, offset, timestamp).
        late_horizon: an event received longer than this after it happened is late: kept and counted, not built.
        landed_at: when these records land.
    """
    return conform(with_landing(flag_rejected(with_fields(records)), late_horizon, landed_at), load_contract("bronze.events"))


def with_fields(records: DataFrame) -> DataFrame:
    """Adds every event column in its type (NULL where it is absent or does not parse), and three working columns.

    `is_plain`: nothing is left to check about the JSON. `is_misread`: some value is not of its column's type. `keys`: the object's keys,
    only where the record is not plain.
    """
    fields = {column.name: F.col(f"parsed.{column.name}") for column in event_columns()}
    clocks = {c.name: _clock(fields[c.name], c.type) for c in event_columns() if c.type in _CLOCK_PATTERNS}
    misread = balanced(or_, [F.col("parsed._corrupt").isNotNull(), *(fields[name].isNotNull() & clocks[name].isNull() for name in clocks)])
    # A replay keeps the time of its first receipt, also where the producer left it out of the payload.
    clocks["received_at"] = F.when(fields["received_at"].isNull(), _header("received_at").try_cast("timestamp")).otherwise(
        clocks["received_at"]
    )
    parsed = records.withColumns({"parsed": F.from_json(_text(), _parse_ddl(), _JSON_OPTIONS)})
    is_plain = F.coalesce(_is_plain(), F.lit(False))
    return parsed.select(
        *(column for column in records.columns if column != "key"),
        *((fields | clocks)[name].alias(name) for name in fields),
        family_of(fields["event_type"]).alias("family"),
        is_plain.alias("is_plain"),
        misread.alias("is_misread"),
        F.when(~is_plain, F.json_object_keys(_text())).alias("keys"),
    )


def flag_rejected(fields: DataFrame) -> DataFrame:
    """Adds `rejected_because`: NULL for a valid event, else its reasons."""
    rules = event_rules()
    is_valid = all_of([F.col("is_plain"), ~F.col("is_misread"), _topic_matches(), hold(rules)])
    reasons = F.when(~F.col("is_plain"), F.array_compact(F.array(_document_reason())))
    reasons = F.when(F.size(reasons) > 0, reasons).otherwise(_event_reasons(rules))
    return fields.withColumns({"rejected_because": F.when(is_broken(is_valid) & (F.size(reasons) > 0), reasons)})


def with_landing(flagged: DataFrame, late_horizon: timedelta, landed_at: Column) -> DataFrame:
    """Replaces the working columns by those of the landing: hour, lateness, unknown fields, raw bytes and coordinates."""
    is_valid = F.col("rejected_because").isNull()
    return flagged.select(
        *(column.name for column in event_columns()),
        "family",
        F.when(is_valid, F.date_trunc("hour", "event_timestamp")).alias("event_hour"),
        F.when(is_valid, F.col("received_at") - F.col("event_timestamp") > F.lit(late_horizon)).alias("is_late"),
        F.when(is_valid & ~F.col("is_plain"), _extras()).alias("extras"),
        "rejected_because",
        F.when(~is_valid, F.coalesce("value", F.lit(b""))).alias("raw"),
        "topic",
        "partition",
        "offset",
        F.col("timestamp").alias("kafka_timestamp"),
        _header("producer_id").alias("producer_id"),
        _header("producer_sequence").try_cast("bigint").alias("producer_sequence"),
        _header("replay_of").alias("replay_of"),
        landed_at.alias("landed_at"),
        landed_at.cast("date").alias("landed_date"),
    )


def _parse_ddl() -> str:
    """The schema of the one parse: clocks as text, because the parser would also take 5, `2026-01-01` or `2026-01-01 00:00` for a time."""
    types = {column.name: "string" if column.type in _CLOCK_PATTERNS else column.type for column in event_columns()}
    return ", ".join(f"`{name}` {kind}" for name, kind in types.items()) + ", `_corrupt` string"


def _text() -> Column:
    return F.col("value").cast("string")


def _clock(field: Column, kind: str) -> Column:
    return F.when(field.rlike(_CLOCK_PATTERNS[kind]), field.try_cast(kind))


def _is_plain() -> Column:
    """True for a valid UTF-8 text that is one flat object without escapes whose keys are all known, different, and gave a value each.

    With no brace, bracket or backslash between its ends, nothing can follow the object, nest in it or hide a lone surrogate. With as many
    values as keys, no key is repeated, unknown or null.
    """
    inner = F.substring("value", F.lit(2), F.octet_length("value") - 2).cast("string")
    values = balanced(add, [F.col(f"parsed.{column.name}").isNotNull().cast("int") for column in event_columns()])
    return all_of(
        [
            F.startswith(_text(), F.lit("{")),
            F.endswith(_text(), F.lit("}")),
            *(~F.contains(inner, F.lit(mark)) for mark in ("{", "}", "[", "\\")),
            F.is_valid_utf8(_text()),
            F.size(F.json_object_keys(_text())) == values,
        ]
    )


def _topic_matches() -> Column:
    topics = {e.family: e.topic for e in event_types().values()}
    return balanced(or_, [(F.col("family") == family) & (F.col("topic") == topic) for family, topic in topics.items()])


def _document_reason() -> Column:
    """Why a record is not one JSON object at all; NULL where it is."""
    is_repeating = F.size(F.array_distinct("keys")) < F.size("keys")
    # What follows the value (`{} junk`, `{}{}`, `{}][{}`) changes one of these lengths; no text can close the array early in both.
    is_alone = (F.json_array_length(_wrapped("]")) == 1) & (F.json_array_length(_wrapped(",0]")) == 2)
    is_json = is_alone & (F.try_parse_json(_text()).isNotNull() | is_repeating)
    return (
        F.when(~F.is_valid_utf8(F.coalesce(_text(), F.lit(""))), F.lit(INVALID_UTF8))
        .when(is_broken(is_json), F.lit(MALFORMED_JSON))
        .when(F.col("keys").isNull(), F.lit(NOT_AN_OBJECT))
        .when(is_repeating, F.lit(DUPLICATE_KEY))
    )


def _wrapped(end: str) -> Column:
    return F.concat(F.lit("["), _text(), F.lit(end))


def _event_reasons(rules: tuple[Rule, ...]) -> Column:
    """The rules that one JSON object breaks as an event."""
    is_mistyped = F.col("is_misread") | (~F.col("is_plain") & _has_nested_text())
    # A field that is there but mistyped is not missing as well.
    given = F.transform(F.json_object_keys(_text()), lambda key: F.concat(F.lit("required:"), key))
    whole = F.array_compact(
        F.array(
            F.when(is_mistyped, F.lit(MISTYPED)),
            F.when(F.col("family").isNull(), F.lit(UNKNOWN_EVENT_TYPE)).when(is_broken(_topic_matches()), F.lit(WRONG_TOPIC)),
        )
    )
    codes = broken_codes(rules)
    return F.concat(whole, F.when(is_mistyped, F.array_except(codes, given)).otherwise(codes))


def _has_nested_text() -> Column:
    """True where a text column was given a list or an object, which the parser hands over as its JSON text.

    Only a text that begins like one can be one, and titles such as `[REC]` are not.
    """
    document = F.try_parse_json(_text())
    nested = [
        F.when(
            F.col(column.name).rlike(r"^[\[{]"),
            F.schema_of_variant(F.try_variant_get(document, f"$.{column.name}", "variant")).rlike("^(ARRAY|OBJECT)"),
        ).otherwise(F.lit(False))
        for column in event_columns()
        if column.type == "string"
    ]
    return balanced(or_, nested)


def _extras() -> Column:
    """Fields that the contract does not know, as their JSON text; NULL where there are none."""
    known = F.array(*(F.lit(column.name) for column in event_columns()))
    unknown = F.array_except("keys", known)
    fields = F.from_json(_text(), "map<string,variant>")
    return F.when(
        F.size(unknown) > 0,
        F.transform_values(F.map_filter(fields, lambda key, _: F.array_contains(unknown, key)), lambda _, value: F.to_json(value)),
    )


def _header(name: str) -> Column:
    """The first value of a record header as text; NULL where it is absent or not text."""
    at = F.array_position(F.col("headers.key"), name) - 1
    return F.try_validate_utf8(F.get(F.col("headers.value"), at.cast("int")).cast("string"))
