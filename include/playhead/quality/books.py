"""The books opened: bronze and silver as DuckDB sees their stored files. Spark has no part in it, nor has any code that builds.

Silver is held against bronze as of the pull cursor's version, less its pending hours: what landed later is awaiting its build. What does
not fit in memory spills to disk.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_table import find_table

SILVER = {
    "video": "silver.video_events",
    "interaction": "silver.interactions",
    "ad": "silver.ad_events",
    "session": "silver.session_events",
}
_BRONZE = (
    "*, epoch_us(event_hour) AS hour, rejected_because IS NOT NULL OR raw IS NOT NULL AS is_rejected, "
    "coalesce(is_late, false) AS is_overdue"
)
_CURSOR = """
SELECT bronze_version, list_transform(pending_hours, lambda hour: epoch_us(hour)) FROM build_log
WHERE run_kind = 'pull' ORDER BY bronze_version DESC, finished_at DESC LIMIT 1
"""
# An event is one (family, event_id, hour).
_BUILT = """
CREATE VIEW in_time AS SELECT * FROM bronze WHERE NOT is_rejected AND NOT is_overdue;
CREATE VIEW built_rows AS SELECT * FROM bronze_built
  WHERE NOT is_rejected AND NOT is_overdue AND hour NOT IN (SELECT hour FROM pending);
"""


@contextmanager
def open_books(lake: str, *, memory_limit: str = "2GB") -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the views bronze, in_time (its valid events), built_rows (those of them that builds have taken), conflicts,
    silver_<family> and silver (family, event_id, hour of all four).
    """
    with tempfile.TemporaryDirectory(prefix="playhead-books-") as spill, duckdb.connect() as books:
        books.execute(f"SET memory_limit = '{memory_limit}'")
        books.execute(f"SET temp_directory = '{spill}'")
        books.execute("SET preserve_insertion_order = false")
        books.execute("SET TimeZone = 'UTC'")
        cursor = _read_cursor(books, lake)
        _create_view(books, lake, "bronze.events", "bronze", _BRONZE)
        if cursor is None:
            books.execute("CREATE VIEW bronze_built AS FROM bronze WHERE false")
        else:
            _create_view(books, lake, "bronze.events", "bronze_built", _BRONZE, version=cursor)
        _create_view(books, lake, "ops.id_conflicts", "conflicts", "event_id, epoch_us(event_hour) AS hour", "conflict = 'other_hour'")
        for family, table in SILVER.items():
            _create_view(books, lake, table, f"silver_{family}", f"*, '{family}' AS family, epoch_us(event_hour) AS hour")
        ids = (f"FROM silver_{family} SELECT family, event_id, hour" for family in SILVER)
        books.execute("CREATE VIEW silver AS " + " UNION ALL ".join(ids))
        books.execute(_BUILT)
        yield books


def _read_cursor(books: duckdb.DuckDBPyConnection, lake: str) -> int | None:
    """The pull cursor's bronze version; its pending hours become the table `pending`."""
    _create_view(books, lake, "ops.build_log", "build_log", "run_kind, bronze_version, pending_hours, finished_at")
    books.execute("CREATE TABLE pending (hour BIGINT)")
    found = books.execute(_CURSOR).fetchone()
    if found is None:
        return None
    books.execute("INSERT INTO pending SELECT unnest(?::BIGINT[])", [found[1]])
    return int(found[0])


def _create_view(
    books: duckdb.DuckDBPyConnection, lake: str, table: str, name: str, select: str, condition: str = "true", *, version: int | None = None
) -> None:
    """A view over a table's files at a version, the newest by default; one without rows where the table does not exist or is empty."""
    found = find_table(lake, table)
    if found is not None and version is not None:
        found.load_as_version(version)
    files = [] if found is None else found.file_uris()
    if files:
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        source = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    else:
        source = f"{name}_without_rows"
        books.register(source, arrow_schema(load_contract(table)).empty_table())
    books.execute(f"CREATE VIEW {name} AS FROM {source} SELECT {select} WHERE {condition}")
