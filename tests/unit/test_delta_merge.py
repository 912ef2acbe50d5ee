"""Rows into a table in the place of those with their key: each once, other hours untouched, what is old removed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_merge import MergedTable
from playhead.io.delta_table import query_log, table_path

CONTRACT = load_contract("gold.qoe_live")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rows(*told: tuple[int, str, int]) -> pa.Table:
    """Rows of minutes after noon, countries and open plays."""
    table = []
    for minute, country, is_open in told:
        at = NOON + timedelta(minutes=minute)
        row = dict.fromkeys(CONTRACT.column_names, 0) | {"event_date": at.date(), "event_hour": at.replace(minute=0), "event_minute": at}
        table.append(row | {"country": country, "platform": "web", "open_count": is_open, "is_final": False})
    return pa.Table.from_pylist(table, arrow_schema(CONTRACT))


def held(lake: str) -> list[tuple[Any, ...]]:
    sql = "SELECT date_diff('minute', TIMESTAMPTZ '2026-03-01 12:00Z', event_minute), country, open_count FROM log ORDER BY ALL"
    return [tuple(row.values()) for row in query_log(lake, CONTRACT.name, sql)]


def files(lake: str) -> set[str]:
    return {path.name for path in Path(table_path(lake, CONTRACT.name)).rglob("*.parquet")}


def test_merge__a_row_takes_the_place_of_the_one_with_its_key(lake: str) -> None:
    table = MergedTable(lake, CONTRACT)
    assert table.committed("query") is None
    table.merge(rows((59, "DE", 1), (60, "DE", 2), (60, "FR", 3)), "query", 0)
    table.merge(rows((60, "DE", 9), (61, "DE", 4)), "query", 1)
    assert held(lake) == [(59, "DE", 1), (60, "DE", 9), (60, "FR", 3), (61, "DE", 4)]
    assert MergedTable(lake, CONTRACT).committed("query") == 1
    assert MergedTable(lake, CONTRACT).committed("other query") is None


def test_merge__the_files_of_other_hours_are_left_alone(lake: str) -> None:
    table = MergedTable(lake, CONTRACT)
    table.merge(rows((59, "DE", 1)), "query", 0)
    before = files(lake)
    table.merge(rows((60, "DE", 2)), "query", 1)
    table.merge(rows((60, "DE", 3)), "query", 2)
    assert len(files(lake) - before) == 2
    (add,) = (file for file in pa.table(table._table.get_add_actions(flatten=True))["path"].to_pylist() if file.endswith(tuple(before)))
    assert add


def test_tidy__removes_old_hours_and_keeps_the_others(lake: str) -> None:
    table = MergedTable(lake, CONTRACT)
    table.merge(rows((0, "DE", 1), (59, "DE", 1), (60, "DE", 2)), "query", 0)
    table.tidy(NOON + timedelta(hours=1))
    assert held(lake) == [(60, "DE", 2)]
    table.merge(rows((60, "DE", 3)), "query", 1)
    assert held(lake) == [(60, "DE", 3)]
