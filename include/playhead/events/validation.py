"""Whether an event keeps its contract, and why not: the one judge, for the collector and for bronze.

decode_event() reads the bytes of one event, judge() reads and judges the decoded object. Both follow contracts.event_types(): a rule that
a contract gains is judged here without a change. The collector refuses with these reasons what bronze would quarantine, so a sender learns
of it at the door. What a value must look like does not depend on the type that carries it; what must be there, and conditions, do. Fields
that no contract knows are allowed (bronze keeps them in `extras`); null means absent.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache, partial
from typing import Any, NoReturn

from playhead.contracts.model import event_columns, event_types
from playhead.contracts.shapes import Column, decimal_size
from playhead.events.conditions import compile_condition

_BIGINT = range(-(2**63), 2**63)
# Far more than any event needs, and less than any reader gives up at: what is too deep must not depend on who reads it, or from where.
DEEPEST = 64
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
# Nanoseconds are cut to microseconds, as every table holds them.
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:(\.\d{1,6})\d{0,3})?(Z|[+-]\d\d:\d\d)")
# Of times and days. Around them there must be room to reckon with, in every engine: a day before the year 1 is none, nor one after 9999.
YEARS = range(1900, 2200)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason why an event is refused: the code that bronze uses, and a sentence for whoever sent it."""

    code: str
    detail: str


class _FaultError(ValueError):
    """Carries a fault out of the JSON parser's hooks."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


def decode_event(raw: bytes) -> dict[str, Any] | Fault:
    """The JSON object in `raw`, or why there is none."""
    value = decode_json(raw)
    return value if isinstance(value, Fault) else as_object(value)


def as_object(value: Any) -> dict[str, Any] | Fault:
    """`value` if it is an object with text that UTF-8 can carry, or why it is not."""
    if not isinstance(value, dict):
        return Fault("not_an_object", f"an event is a JSON object, not {type(value).__name__}")
    return value


def decode_json(raw: bytes) -> Any | Fault:
    """Any JSON value in `raw`, or why there is none.

    Stricter than Python's parser: no NaN or Infinity (a number beyond any double is one), no key twice in one object, no half of a
    surrogate pair, no more than DEEPEST objects and arrays within each other.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Fault("invalid_utf8", f"byte {error.start} is not UTF-8")
    if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        return Fault("malformed_json", f"more than {DEEPEST} objects and arrays are within each other")
    try:
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_no_constant, parse_float=_finite)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except _FaultError as error:
        return error.fault
    except UnicodeEncodeError:
        return Fault("invalid_utf8", "an escape is half of a surrogate pair")
    except ValueError as error:
        return Fault("malformed_json", str(error))
    return value


@dataclass(frozen=True, slots=True)
class Judgement:
    """One event as the contract reads it: known fields as typed values (absent where they do not read), and every reason against it."""

    values: Mapping[str, Any]
    faults: tuple[Fault, ...]


def find_faults(event: Mapping[str, Any]) -> list[Fault]:
    """Every reason why the event breaks its contract; empty where it keeps it."""
    return list(judge(event).faults)


def judge(event: Mapping[str, Any]) -> Judgement:
    """Reads the known fields of an event and judges them."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    columns = _column_rules()
    for name, given in event.items():
        rule = columns.get(name)
        if rule is None or given is None:
            continue
        value = rule.read(given)
        if value is None:
            faults.append(Fault("mistyped", f"{name}={given!r:.80} is not a {rule.column.type}"))
            continue
        values[name] = value
        fault = rule.find_fault(value, rule.column)
        if fault is not None:
            faults.append(fault)
    return Judgement(values, tuple([*_type_faults(event), *faults] or _broken_conditions(values)))


def _type_faults(event: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the type, or missing for it."""
    name = event.get("event_type")
    if name is None:
        return [Fault("required:event_type", "event_type is missing")]
    if not isinstance(name, str) or name not in event_types():
        return [Fault("unknown_event_type", f"event_type {name!r:.80} is none of the {len(event_types())} known")]
    return [Fault(f"required:{field}", f"{field} is missing") for field in _type_rules(name).required if event.get(field) is None]


def _broken_conditions(values: Mapping[str, Any]) -> list[Fault]:
    """Conditions are asked only of events without any other fault: over a refused column they would only repeat the reason."""
    conditions = _type_rules(values["event_type"]).conditions
    return [Fault(f"condition:{name}", description) for name, description, holds in conditions if not holds(values)]


@dataclass(frozen=True, slots=True)
class _ColumnRule:
    """How one column is read and judged. `read` gives None where a reader with the contract's schema would read null."""

    column: Column
    read: Callable[[Any], Any | None]
    find_fault: Callable[[Any, Column], Fault | None]


@dataclass(frozen=True, slots=True)
class _TypeRules:
    """What one event type demands beyond the look of its values, made ready once."""

    required: tuple[str, ...]
    conditions: tuple[tuple[str, str, Callable[[Mapping[str, Any]], bool]], ...]


@cache
def _column_rules() -> Mapping[str, _ColumnRule]:
    finders: dict[str, Callable[[Any, Column], Fault | None]] = {"string": _text_fault, "timestamp": _year_fault, "date": _year_fault}
    return {c.name: _ColumnRule(c, _reader(c.type), finders.get(c.type, _range_fault)) for c in event_columns()}


@cache
def _type_rules(name: str) -> _TypeRules:
    event_type = event_types()[name]
    conditions = tuple((c.name, c.description, compile_condition(c)) for c in event_type.conditions)
    return _TypeRules(tuple(c.name for c in event_type.columns if c.required), conditions)


def _range_fault(value: Any, column: Column) -> Fault | None:
    low, above, high = column.minimum, column.exclusive_minimum, column.maximum
    if (low is None or value >= low) and (above is None or value > above) and (high is None or value <= high):
        return None
    least = f"> {above:g}" if above is not None else f">= {low:g}" if low is not None else "any"
    most = f", <= {high:g}" if high is not None else ""
    return Fault(f"range:{column.name}", f"{column.name}={value} is out of range ({least}{most})")


def _year_fault(value: date, column: Column) -> Fault | None:
    if value.year in YEARS:
        return None
    return Fault(f"range:{column.name}", f"{column.name}={value.isoformat()} is not of the years {YEARS[0]} to {YEARS[-1]}")


def _text_fault(value: str, column: Column) -> Fault | None:
    if column.enum and value not in column.enum:
        return Fault(f"enum:{column.name}", f"{column.name}={value!r:.80} is none of {', '.join(column.enum)}")
    least, most = column.min_length or 0, column.max_length
    if len(value) < least or (most is not None and len(value) > most):
        return Fault(f"length:{column.name}", f"{column.name} has {len(value)} characters, allowed {least} to {most}")
    if column.pattern is not None and re.fullmatch(column.pattern, value) is None:  # `$` alone lets a line break follow
        return Fault(f"pattern:{column.name}", f"{column.name}={value!r:.80} does not match {column.pattern}")
    return None


def _reader(spark_type: str) -> Callable[[Any], Any | None]:
    decimal = decimal_size(spark_type)
    if decimal:
        return partial(_decimal, precision=decimal[0], scale=decimal[1])
    return _READERS[spark_type]


def _text(given: Any) -> str | None:
    return given if isinstance(given, str) else None


def _bigint(given: Any) -> int | None:
    return given if isinstance(given, int) and not isinstance(given, bool) and given in _BIGINT else None


def _double(given: Any) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    try:
        value = float(given)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def _boolean(given: Any) -> bool | None:
    return given if isinstance(given, bool) else None


def _timestamp(given: Any) -> datetime | None:
    match = _TIMESTAMP.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        return None
    try:
        return datetime.fromisoformat(match[1] + (match[2] or "") + match[3]).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _date(given: Any) -> date | None:
    if not isinstance(given, str) or _DATE.fullmatch(given) is None:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None


def _decimal(given: Any, precision: int, scale: int) -> Decimal | None:
    """Rounded half up to the column's scale, once."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    try:
        value = Decimal(str(given)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return value if abs(value) < Decimal(10) ** (precision - scale) else None


_READERS: dict[str, Callable[[Any], Any | None]] = {
    "string": _text,
    "bigint": _bigint,
    "double": _double,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "date": _date,
}


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _FaultError(Fault("duplicate_key", f"key {twice!r:.80} appears twice"))
    return value


def _depth(text: str) -> int:
    """How many objects and arrays lie within each other at the deepest place; brackets in strings are text."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text:.40} is beyond any double")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
