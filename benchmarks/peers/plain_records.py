"""The event contracts as two vectorised tests: a grammar for a record's bytes, and a SQL predicate for its values.

Together they say which records are plainly good. What fails either is judged one by one, by the contract's own validation; so the tests
may refuse a good record (it costs time), but never let a bad one through.
"""

from __future__ import annotations

import re
import sys

from playhead.contracts.model import event_columns, event_types
from playhead.contracts.shapes import Column, EventType

_CLOCK = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z"
_VALUES = {
    "string": r'"[^"\\]*"',
    "bigint": "-?[0-9]+",
    "double": "-?[0-9][0-9.eE+-]*",
    "decimal(18,6)": "-?[0-9][0-9.eE+-]*",
    "boolean": "(?:true|false)",
    "timestamp": f'"{_CLOCK}"',
    "date": '"[0-9]{4}-[0-9]{2}-[0-9]{2}"',
}


def plain_grammar() -> str:
    """A regular expression for flat objects without escapes in which every key is known and has a value of its type, enum and pattern."""
    names: dict[str, list[str]] = {}
    for column in event_columns():
        names.setdefault(_value_pattern(column), []).append(column.name)
    members = [f'"(?:{"|".join(keys)})":{value}' for value, keys in names.items()]
    # A comma must be followed by a member, and JSON's own parser sees to it that the brace comes last.
    return rf"^\{{(?:(?:{'|'.join(members)})[,}}])+$"


def _value_pattern(column: Column) -> str:
    if column.enum:
        return f'"(?:{"|".join(re.escape(word) for word in column.enum)})"'
    if column.pattern is not None:
        return f'"{column.pattern.removeprefix("^").removesuffix("$")}"'
    return _VALUES[column.type]


def plain_predicate() -> str:
    """A SQL condition over a record's `topic` and typed columns; NULL counts as not plain."""
    columns = event_columns()
    families: dict[str, list[EventType]] = {}
    for event_type in event_types().values():
        families.setdefault(event_type.topic, []).append(event_type)
    by_topic = " ".join(f"WHEN '{topic}' THEN {_family_demands(types)}" for topic, types in families.items())
    demands = [
        f"CASE topic {by_topic} ELSE FALSE END",
        *(demand for column in columns for demand in _value_demands(column)),
    ]
    return "\n AND ".join(demands)


def _family_demands(types: list[EventType]) -> str:
    shared = frozenset.intersection(*(t.required for t in types))
    demands = [f"event_type IN ({', '.join(_quoted(t.name) for t in types)})", *(f"{name} IS NOT NULL" for name in sorted(shared))]
    for event_type in types:
        own = [f"{name} IS NOT NULL" for name in sorted(event_type.required - shared)]
        if own:
            demands.append(f"(event_type <> {_quoted(event_type.name)} OR ({' AND '.join(own)}))")
    conditions = {c.expression for t in types for c in t.conditions}
    return f"({' AND '.join([*demands, *(f'({expression})' for expression in sorted(conditions))])})"


def _value_demands(column: Column) -> list[str]:
    """Range and length. Bytes are at least as many as characters, so a text within the limit in bytes is within it in characters."""
    demands = []
    if column.minimum is not None:
        demands.append(f"{column.name} >= {column.minimum}")
    if column.exclusive_minimum is not None:
        demands.append(f"{column.name} > {column.exclusive_minimum}")
    if column.maximum is not None:
        demands.append(f"{column.name} <= {column.maximum}")
    if column.type == "double":
        demands.append(f"abs({column.name}) <= {sys.float_info.max!r}")
    if column.max_length is not None:
        demands.append(f"strlen({column.name}) <= {column.max_length}")
    if column.min_length:
        demands.append(f"length({column.name}) >= {column.min_length}" if column.min_length > 1 else f"{column.name} <> ''")
    return [f"(({' AND '.join(demands)}) IS DISTINCT FROM FALSE)"] if demands else []


def _quoted(text: str) -> str:
    return f"'{text}'"
