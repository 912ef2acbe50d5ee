"""The query `live` without its engine: where it begins, and which row of a minute counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.errors import StackError
from playhead.jobs.ingest import open_bronze
from playhead.jobs.live import TABLE, newest_rows, start_option

CONTRACT = load_contract(TABLE)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_start_option__a_moment_or_what_lands_next_where_nothing_landed_since(lake: str) -> None:
    with pytest.raises(StackError, match=r"has no bronze\.events yet"):
        start_option(lake, NOON)
    open_bronze(lake)
    assert start_option(lake, NOON) == ("startingTimestamp", "2026-03-01T12:00:00.000000Z")
    assert start_option(lake, datetime.now(UTC) + timedelta(minutes=1)) == ("startingVersion", "latest")


def test_newest_rows__the_last_revision_of_a_key_counts() -> None:
    row = dict.fromkeys(CONTRACT.column_names) | {"event_minute": NOON, "country": "DE", "platform": "web"}
    made = [
        row | {"open_count": 3, "revision": 7},
        row | {"open_count": 2, "revision": 6},
        row | {"open_count": 1, "platform": "tv", "revision": 1},
    ]
    schema = arrow_schema(CONTRACT).append(pa.field("revision", pa.int64()))
    kept = newest_rows(pa.Table.from_pylist(made, schema))
    assert kept.schema == arrow_schema(CONTRACT)
    assert {(told["platform"], told["open_count"]) for told in kept.to_pylist()} == {("web", 3), ("tv", 1)}
