"""A lake with one large gold table, published and recorded as builds do it: what the warehouse loads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.gold_lake import publish_days, record_build, select_table
from benchmarks.kept import kept_directory

FACTS = "gold.user_content_daily"
DAYS = 30
_FIRST_DAY = date(2026, 1, 2)
# Four titles a viewer and day; measures vary by row and day, as real ones do, so that they do not compress to nothing.
_DAY_SQL = """
SELECT $day::DATE AS event_date,
    printf('bench-viewer-%08d', n // 4) AS viewer_id,
    printf('bench-title-%04d', ((n // 4) * 37 + (n % 4) * 71) % 300) AS content_id,
    1 + hash(n, $day, 'plays') % 3 AS plays_count,
    hash(n, $day, 'completed') % 2 AS completed_count,
    hash(n, $day, 'watched') % 7200000 AS watched_ms,
    hash(n, $day, 'played') % 7200000 AS played_ms,
    hash(n, $day, 'interactions') % 4 AS interactions_count
FROM range($rows) numbers(n)
"""


def gold_lake(state_dir: Path, size: int) -> Path:
    """A lake whose user_content_daily has `size` rows on thirty days; made at the first call, kept for the next ones."""
    return kept_directory(state_dir / f"gold-{size}", partial(_fill, size))


def _fill(size: int, lake: str) -> None:
    record_build(lake, {FACTS: publish_days(lake, FACTS, _days(size))})


def _days(size: int) -> Iterator[tuple[date, pa.Table]]:
    with closing(duckdb.connect()) as connection:
        for number in range(DAYS):
            day = _FIRST_DAY + timedelta(days=number)
            rows = size // DAYS + (number < size % DAYS)
            yield day, select_table(connection, _DAY_SQL, {"day": day.isoformat(), "rows": rows})
