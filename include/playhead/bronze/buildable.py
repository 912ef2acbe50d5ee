"""Which rows of bronze.events silver is built from, and the hours they touch."""

from __future__ import annotations

from datetime import datetime
from functools import cache

import duckdb
import pyarrow as pa

# Valid and in time, in the words of every engine that asks.
BUILDABLE = "rejected_because IS NULL AND raw IS NULL AND NOT coalesce(is_late, false)"


def hours_to_build(events: pa.Table) -> set[datetime]:
    """Event hours of the rows that silver is built from, UTC."""
    rows = _engine().from_arrow(events.select(["event_hour", "rejected_because", "raw", "is_late"]))
    hours = rows.filter(BUILDABLE).filter("event_hour IS NOT NULL").unique("event_hour").fetchall()
    return {hour for (hour,) in hours}


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One engine per worker; a batch is too small to share out."""
    engine = duckdb.connect(":memory:", config={"threads": "1"})
    engine.execute("SET TimeZone = 'UTC'")
    return engine
