"""What became of the records, one by one: each is known by its number in bronze."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from bad_input.records import Given
from playhead.contracts.model import event_columns

COLUMNS = ("producer_sequence", "rejected_because", "raw")
_TEXTS = tuple(column.name for column in event_columns() if column.type == "string")


@dataclass(slots=True)
class Verdict:
    """How many of each class became what they must, and by what is wrong the classes of those that did not."""

    right: Counter[str] = field(default_factory=Counter)
    valid_rejected: Counter[str] = field(default_factory=Counter)
    valid_unseen: Counter[str] = field(default_factory=Counter)
    bad_unseen: Counter[str] = field(default_factory=Counter)
    bad_accepted: Counter[str] = field(default_factory=Counter)
    wrong_reason: Counter[str] = field(default_factory=Counter)
    altered: Counter[str] = field(default_factory=Counter)
    doubled: Counter[str] = field(default_factory=Counter)
    too_large_seen: Counter[str] = field(default_factory=Counter)

    @property
    def wrong(self) -> dict[str, Counter[str]]:
        """What is wrong, with the classes that it was found in."""
        names = [name for name in self.__slots__ if name != "right"]
        return {name: getattr(self, name) for name in names}

    @property
    def is_right(self) -> bool:
        """Whether each record became what it must."""
        return not any(self.wrong.values())


def judge(given: Mapping[int, Given], landed: pa.Table) -> Verdict:
    """Holds what was given, by number, against rows of bronze."""
    verdict = Verdict()
    rows: dict[int, dict[str, Any]] = {}
    for row in landed.select([*COLUMNS, *_TEXTS]).to_pylist():
        number = row["producer_sequence"]
        if number in rows:
            verdict.doubled[given[number].of.name] += 1
        rows[number] = row
    for number, one in given.items():
        _count(verdict, one, rows.get(number))
    return verdict


def _count(verdict: Verdict, given: Given, row: Mapping[str, Any] | None) -> None:
    name = given.of.name
    wrong = _wrong(given, row)
    counter = verdict.right if wrong is None else getattr(verdict, wrong)
    counter[name] += 1


def _wrong(given: Given, row: Mapping[str, Any] | None) -> str | None:
    """The name of what is wrong with a record's row, None where nothing is."""
    record, of = given
    if of.is_refused:
        return None if row is None else "too_large_seen"
    if row is None:
        return "valid_unseen" if of.is_valid else "bad_unseen"
    reasons = row["rejected_because"]
    if of.is_valid:
        told = {name: value for name, value in of.fields.items() if name in _TEXTS and isinstance(value, str)}
        is_altered = row["event_id"] != record.event_id or any(row[name] != value for name, value in told.items())
        return "valid_rejected" if reasons is not None else "altered" if is_altered else None
    if reasons is None:
        return "bad_accepted"
    if sorted(reasons) != sorted(of.reasons):
        return "wrong_reason"
    return None if row["raw"] == record.value else "altered"
