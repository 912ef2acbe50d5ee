"""What a rule can look at: each number that an event carries, and a few that are worked out from it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from playhead.contracts.model import event_columns, event_types

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_NUMBERS = ("bigint", "int", "double", "decimal")
# Worked out here, from the fields that are named.
_DERIVED: dict[str, frozenset[str]] = {
    "occurred": frozenset(),
    "record_bytes": frozenset(),
    "clock_ahead_s": frozenset({"event_timestamp", "received_at"}),
    "fatal_at_start": frozenset({"fatal", "startup_time", "playback_position"}),
    "fatal_in_play": frozenset({"fatal", "startup_time", "playback_position"}),
}


@cache
def numeric_fields() -> tuple[str, ...]:
    """The numbers of all events, without personal data: an alert must not carry a place."""
    return tuple(c.name for c in event_columns() if c.type.startswith(_NUMBERS) and c.classification is None)


@cache
def measures_of(event_type: str) -> frozenset[str]:
    """The measures of a type of event: its own numbers, and what its fields suffice for."""
    fields = {column.name for column in event_types()[event_type].columns}
    return frozenset(fields & set(numeric_fields())) | {name for name, needed in _DERIVED.items() if needed <= fields}


def with_measures(events: DataFrame) -> DataFrame:
    """Adds the measures that are worked out, from the event's fields and `record_bytes`.

    A fatal error at the very start of a title, with no startup time known, kept the play from starting; any other one ended it.
    """
    from pyspark.sql import functions as F

    is_fatal = F.coalesce(F.col("fatal"), F.lit(False))
    has_started = F.col("startup_time").isNotNull() | (F.coalesce(F.col("playback_position"), F.lit(0)) > 0)
    return events.withColumns(
        {
            "occurred": F.lit(1.0),
            "clock_ahead_s": (F.unix_micros("event_timestamp") - F.unix_micros("received_at")) / 1e6,
            "fatal_at_start": (is_fatal & ~has_started).cast("double"),
            "fatal_in_play": (is_fatal & has_started).cast("double"),
        }
    )


def measure_value(name: Column) -> Column:
    """The value of the measure that a column names; NULL where the event has none."""
    from pyspark.sql import functions as F

    names = (*numeric_fields(), *_DERIVED)
    return F.coalesce(*(F.when(name == one, F.col(one).cast("double")) for one in names))
