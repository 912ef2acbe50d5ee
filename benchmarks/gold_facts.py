"""A lake with one large gold table, published and recorded as builds do it: what the warehouse loads."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
from deltalake import WriterProperties, write_deltalake

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_table import append_rows, open_table, table_version

FACTS = "gold.user_content_daily"
DAYS = 30
_FIRST_DAY = date(2026, 1, 2)
_BUILT_AT = datetime(2026, 2, 1, tzinfo=UTC)
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
    lake = state_dir / f"gold-{size}"
    if not lake.is_dir():
        partial = lake.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        _fill(str(partial), size)
        partial.rename(lake)
    return lake


def _fill(lake: str, size: int) -> None:
    contract = load_contract(FACTS)
    table = open_table(lake, contract)
    rows_by_day = {_FIRST_DAY + timedelta(days=n): size // DAYS + (n < size % DAYS) for n in range(DAYS)}
    for day, rows in rows_by_day.items():
        facts = duckdb.sql(_DAY_SQL, params={"day": day.isoformat(), "rows": rows}).to_arrow_table()
        write_deltalake(
            table,
            facts.select(contract.column_names).cast(arrow_schema(contract)),
            mode="append",
            writer_properties=WriterProperties(compression="ZSTD"),
        )
    version = table_version(lake, FACTS)
    of_build = {"run_id": "bench", "dag_id": "build_daily", "bronze_version": 0}
    published = {"table_name": FACTS, "table_version": version, "inputs": [], "content_hash": "bench", "published_at": _BUILT_AT}
    append_rows(
        lake,
        "ops.publish_log",
        [of_build | published | {"partition_key": day.isoformat(), "rows_count": rows} for day, rows in rows_by_day.items()],
    )
    append_rows(lake, "ops.build_log", [of_build | {"run_kind": "pull", "published": [(FACTS, version)], "finished_at": _BUILT_AT}])
