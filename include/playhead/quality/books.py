"""The books opened: bronze and silver as DuckDB sees their stored files. Spark has no part in it, nor has any code that builds.

What does not fit in memory spills to disk. Books of the last days list only the files of these days: their cost does not grow with history.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta

import duckdb
import pyarrow.dataset as ds

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_table import find_table
from playhead.io.filesystem import open_filesystem
from playhead.io.partitions import predicate

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
# Hours that were built from newer bronze than the cursor's: a run is under way, or a backfill came first.
_AHEAD = """
INSERT INTO pending SELECT DISTINCT epoch_us(strptime(partition_key, '%Y-%m-%dT%H')) FROM publish_log
WHERE list_contains(?, table_name) AND bronze_version > ?
"""
# An event is one (family, event_id, hour).
_IN_TIME = "NOT is_rejected AND NOT is_overdue"
_MEMORY = "2GB"
# Books of events since a day also hold what landed up to three days before: a record lands after its ledger row was written (in a segment
# that may be a day old), after its broker took it (a day of tries), and by another machine's clock.
LANDED_BEFORE = timedelta(days=3)


@contextmanager
def open_books(lake: str, *, since: date | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the views bronze, in_time (its valid events), built_rows (those of them that builds have taken), conflicts,
    silver_<family> and silver (family, event_id, hour of all four).

    Silver is held against bronze as of the pull cursor's version, less its pending hours: what landed later is awaiting its build. So are
    hours that were published from newer bronze than that. With `since`, built_rows and silver hold the events of that day (UTC) and after,
    and bronze what landed from LANDED_BEFORE that day on.
    """
    with _database() as books:
        days = None if since is None else (">=", since)
        landed = None if since is None else (">=", since - LANDED_BEFORE)
        cursor = _read_cursor(books, lake)
        _create_view(books, "bronze", "bronze.events", _files(lake, "bronze.events", days=landed), _BRONZE)
        built = [] if cursor is None else _files(lake, "bronze.events", cursor, days=landed)
        _create_view(books, "bronze_built", "bronze.events", built, _BRONZE)
        books.execute(f"CREATE VIEW in_time AS FROM bronze WHERE {_IN_TIME}")
        wanted = "true" if since is None else f"event_hour >= TIMESTAMPTZ '{since} 00:00:00+00'"
        books.execute(f"CREATE VIEW built_rows AS FROM bronze_built WHERE {_IN_TIME} AND hour NOT IN (FROM pending) AND {wanted}")
        _create_conflicts(books, _files(lake, "ops.id_conflicts"))
        for family, table in SILVER.items():
            _create_silver(books, family, _files(lake, table, days=days))
        ids = (f"FROM silver_{family} SELECT family, event_id, hour" for family in SILVER)
        books.execute("CREATE VIEW silver AS " + " UNION ALL ".join(ids))
        _add_hours_ahead(books, lake, cursor)
        yield books


def open_more_bronze(books: duckdb.DuckDBPyConnection, lake: str, days: tuple[str, date]) -> None:
    """Makes the view bronze_more anew: what has landed by now on the days that compare so, whatever days and version the books hold."""
    _create_view(books, "bronze_more", "bronze.events", _files(lake, "bronze.events", days=days), "producer_id, producer_sequence")


@contextmanager
def open_run_books(
    lake: str, hours: Sequence[str], bronze_version: int, conflicts_version: int | None, staged: Mapping[str, Sequence[str]]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The books of what a run has staged and nobody sees yet: the views built_rows, conflicts and silver_<family> over these files.

    Args:
        lake: where the tables lie.
        hours: keys of the event hours that the run builds.
        bronze_version: the version it reads.
        conflicts_version: the version of ops.id_conflicts that it reads, None where there was none.
        staged: files by family.
    """
    with _database() as books:
        books.execute("CREATE TABLE pending (hour BIGINT)")
        files = _files(lake, "bronze.events", bronze_version)
        _create_view(books, "built_rows", "bronze.events", files, _BRONZE, f"{_IN_TIME} AND ({predicate(hours, 'event_hour')})")
        _create_conflicts(books, [] if conflicts_version is None else _files(lake, "ops.id_conflicts", conflicts_version))
        for family, silver in staged.items():
            _create_silver(books, family, silver)
        yield books


@contextmanager
def _database() -> Iterator[duckdb.DuckDBPyConnection]:
    with tempfile.TemporaryDirectory(prefix="playhead-books-") as spill, duckdb.connect() as books:
        books.execute(f"SET memory_limit = '{_MEMORY}'")
        books.execute(f"SET temp_directory = '{spill}'")
        books.execute("SET preserve_insertion_order = false")
        books.execute("SET TimeZone = 'UTC'")
        yield books


def _read_cursor(books: duckdb.DuckDBPyConnection, lake: str) -> int | None:
    """The pull cursor's bronze version; its pending hours become the table `pending`."""
    _create_view(books, "build_log", "ops.build_log", _files(lake, "ops.build_log"), "*")
    books.execute("CREATE TABLE pending (hour BIGINT)")
    found = books.execute(_CURSOR).fetchone()
    if found is None:
        return None
    books.execute("INSERT INTO pending SELECT unnest(?::BIGINT[])", [found[1]])
    return int(found[0])


def _add_hours_ahead(books: duckdb.DuckDBPyConnection, lake: str, cursor: int | None) -> None:
    """To be called once silver's files are listed: what they hold is logged by then."""
    _create_view(books, "publish_log", "ops.publish_log", _files(lake, "ops.publish_log"), "table_name, partition_key, bronze_version")
    books.execute(_AHEAD, [list(SILVER.values()), -1 if cursor is None else cursor])


def _create_conflicts(books: duckdb.DuckDBPyConnection, files: Sequence[str]) -> None:
    _create_view(books, "conflicts", "ops.id_conflicts", files, "event_id, epoch_us(event_hour) AS hour", "conflict = 'other_hour'")


def _create_silver(books: duckdb.DuckDBPyConnection, family: str, files: Sequence[str]) -> None:
    _create_view(books, f"silver_{family}", SILVER[family], files, f"*, '{family}' AS family, epoch_us(event_hour) AS hour")


def _files(lake: str, table: str, version: int | None = None, *, days: tuple[str, date] | None = None) -> list[str]:
    """The data files of a table at a version, the newest by default; only of the days that compare so. None where it does not exist."""
    found = find_table(lake, table)
    if found is None:
        return []
    if version is not None:
        found.load_as_version(version)
    if days is None:
        return list(found.file_uris())
    (column,) = found.metadata().partition_columns
    comparison, day = days
    return list(found.file_uris(file_pruning_predicate=[(column, comparison, day.isoformat())]))


def _create_view(
    books: duckdb.DuckDBPyConnection, name: str, table: str, files: Sequence[str], select: str, condition: str = "true"
) -> None:
    """A view over files of a table; one without rows where there are none."""
    schema = arrow_schema(load_contract(table))
    if not files:
        source = f"{name}_without_rows"
        books.register(source, schema.empty_table())
    elif "://" in files[0]:
        source = f"{name}_files"
        located = [open_filesystem(file) for file in files]
        books.register(source, ds.dataset([path for _, path in located], schema, "parquet", located[0][0]))
    else:  # DuckDB's own reader is twice as fast
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        source = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    books.execute(f"CREATE OR REPLACE VIEW {name} AS FROM {source} SELECT {select} WHERE {condition}")
