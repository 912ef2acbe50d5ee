"""What a change to a contract breaks: readers of old data, readers of new data, or nobody.

The modes and their rules are those of Confluent's Schema Registry. Data of a contract is read by name and with room for names that a reader
does not know, so a field that is added or left out breaks only those who cannot do without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from playhead.contracts.shapes import Column, decimal_size


class Mode(StrEnum):
    """Who must go on reading whose data; transitive: of all versions, and not of the last one only."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def is_transitive(self) -> bool:
        """Whether every earlier version counts."""
        return self.value.endswith("_TRANSITIVE")

    @property
    def is_backward(self) -> bool:
        """Readers of the new version must read data of the old."""
        return self.value.startswith(("BACKWARD", "FULL"))

    @property
    def is_forward(self) -> bool:
        """Readers of the old version must read data of the new."""
        return self.value.startswith(("FORWARD", "FULL"))


@dataclass(frozen=True, slots=True)
class Break:
    """A field that a reader of one version would not understand, or not find, in data of the other."""

    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.field} {self.what}"


def breaks(old: Sequence[Column], new: Sequence[Column], mode: Mode) -> list[Break]:
    """What of a change is against a mode, by field."""
    found: list[Break] = []
    if mode.is_backward:
        found += _unreadable(reader=new, writer=old, told="now", not_told="in older data")
    if mode.is_forward:
        found += _unreadable(reader=old, writer=new, told="for readers of the older version", not_told="any more")
    return sorted(set(found), key=lambda each: (each.field, each.what))


def _unreadable(*, reader: Sequence[Column], writer: Sequence[Column], told: str, not_told: str) -> Iterator[Break]:
    """Fields of the writer's data that the reader cannot do with."""
    written = {column.name: column for column in writer}
    for wanted in reader:
        given = written.get(wanted.name)
        if given is None:
            if wanted.required:
                yield Break(wanted.name, f"is required {told}, and is not there {not_told}")
            continue
        if wanted.required and not given.required:
            yield Break(wanted.name, f"is required {told}, and need not be there {not_told}")
        if not _holds(wanted.type, given.type):
            yield Break(wanted.name, f"is {wanted.type} {told}, which does not hold every {given.type}")
        if wanted.is_key != given.is_key:
            yield Break(wanted.name, "is part of the key in one version only")
        yield from (Break(wanted.name, what) for what in _too_narrow(wanted, given, told))


def _too_narrow(wanted: Column, given: Column, told: str) -> Iterator[str]:
    """Values that are written and that the reader's rules refuse."""
    if wanted.enum and not set(given.enum or ("anything",)) <= set(wanted.enum):
        refused = sorted(set(given.enum) - set(wanted.enum)) or ["other values"]
        yield f"may not be {', '.join(refused)} {told}"
    if _least(wanted) > _least(given):
        yield f"has a higher minimum {told}"
    if (wanted.min_length or 0) > (given.min_length or 0):
        yield f"must be longer {told}"
    for limit, name in (("maximum", "maximum"), ("max_length", "greatest length")):
        if _or_infinite(getattr(wanted, limit)) < _or_infinite(getattr(given, limit)):
            yield f"has a lower {name} {told}"
    if wanted.pattern is not None and wanted.pattern != given.pattern:
        yield f"has another pattern {told}"


def _least(column: Column) -> tuple[float, bool]:
    """The smallest value, and whether it is just not allowed itself."""
    if column.exclusive_minimum is not None:
        return column.exclusive_minimum, True
    return (-inf if column.minimum is None else column.minimum), False


def _or_infinite(limit: float | None) -> float:
    return inf if limit is None else limit


def _holds(wanted: str, given: str) -> bool:
    """Whether each value of a type is one of another: what Avro calls promotion, and decimals with more room."""
    if wanted == given:
        return True
    to, of = decimal_size(wanted), decimal_size(given)
    if to and of:
        return to[1] >= of[1] and to[0] - to[1] >= of[0] - of[1]
    return (given, wanted) in {("int", "bigint"), ("int", "double"), ("bigint", "double")}
