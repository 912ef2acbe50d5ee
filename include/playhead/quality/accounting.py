"""The books: what was sent, acknowledged, landed and built, and what is unaccounted for (DESIGN invariant 1).

Every number of the proof is a set difference between ids in stored files, never a subtraction of counts. Spark has no part in it: the
ledgers, bronze and silver are read by DuckDB, which spills to disk what does not fit in memory.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from deltalake import DeltaTable

from playhead.events.ledger import read_ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

_SILVER = {
    "video": "silver/video_events",
    "interaction": "silver/interactions",
    "ad": "silver/ad_events",
    "session": "silver/session_events",
}
_BRONZE_COLUMNS = (
    'producer_id, producer_sequence, replay_of, topic, "partition", "offset", family, event_id, epoch_us(event_hour) AS hour, '
    "rejected_because IS NOT NULL OR raw IS NOT NULL AS is_rejected, coalesce(is_late, false) AS is_late"
)
_NO_BRONZE = (
    "SELECT NULL::VARCHAR AS producer_id, NULL::BIGINT AS producer_sequence, NULL::VARCHAR AS replay_of, NULL::VARCHAR AS topic, "
    'NULL::INT AS "partition", NULL::BIGINT AS "offset", NULL::VARCHAR AS family, NULL::VARCHAR AS event_id, NULL::BIGINT AS hour, '
    "false AS is_rejected, false AS is_late WHERE false"
)
# Everything below counts keys: an event is one (family, event_id, hour).
_VIEWS = """
CREATE TABLE known AS SELECT DISTINCT producer_id FROM sent;
CREATE VIEW in_time AS SELECT family, event_id, hour FROM bronze WHERE NOT is_rejected AND NOT is_late;
CREATE VIEW built_rows AS SELECT family, event_id, hour FROM bronze_built
  WHERE NOT is_rejected AND NOT is_late AND hour NOT IN (SELECT hour FROM pending);
CREATE TABLE built AS SELECT DISTINCT family, event_id, hour FROM built_rows;
CREATE TABLE wanted AS SELECT * FROM built ANTI JOIN conflicts USING (event_id, hour);
"""
_COUNTS = {
    "sent": "SELECT count(*) FROM (SELECT DISTINCT producer_id, sequence FROM sent)",
    "acked": "SELECT count(*) FROM (SELECT DISTINCT producer_id, sequence FROM acked)",
    "bronze": "SELECT count(*) FROM bronze",
    "silver": "SELECT count(*) FROM silver",
    "rejected": "SELECT count(*) FROM bronze WHERE is_rejected",
    "quarantined": """SELECT count(*) FROM bronze AS rejected ANTI JOIN (SELECT DISTINCT replay_of FROM bronze) AS replays
        ON replays.replay_of = concat_ws('/', rejected.topic, rejected."partition", rejected."offset") WHERE is_rejected""",
    "late": "SELECT count(*) FROM bronze WHERE is_late AND NOT is_rejected",
    "duplicates": "SELECT (SELECT count(*) FROM built_rows) - (SELECT count(*) FROM built)",
    "conflicts": "SELECT (SELECT count(*) FROM built) - (SELECT count(*) FROM wanted)",
    "awaiting_build": "SELECT count(*) FROM (SELECT DISTINCT * FROM in_time) AS newest ANTI JOIN built USING (family, event_id, hour)",
    "acked_not_in_bronze": """SELECT count(*) FROM (SELECT DISTINCT producer_id, sequence FROM acked) AS acked ANTI JOIN bronze
        ON acked.producer_id = bronze.producer_id AND acked.sequence = bronze.producer_sequence""",
    "valid_not_in_silver": "SELECT count(*) FROM wanted ANTI JOIN silver USING (family, event_id, hour)",
    "bronze_not_sent": """SELECT count(*) FROM bronze SEMI JOIN known USING (producer_id) ANTI JOIN sent
        ON sent.producer_id = bronze.producer_id AND sent.sequence = bronze.producer_sequence""",
    "bronze_without_ledger": "SELECT count(*) FROM bronze ANTI JOIN known USING (producer_id)",
    "silver_not_landed": "SELECT count(*) FROM silver ANTI JOIN in_time USING (family, event_id, hour)",
    "silver_repeated": "SELECT count(*) - count(DISTINCT event_id) FROM silver",
}


@dataclass(frozen=True, slots=True)
class Accounts:
    """The books of a lake. Events waiting for the next build are counted apart: they are neither lost nor built.

    quarantined = rejected less replayed; late events are kept in bronze and not built; duplicates and conflicts were left out of silver;
    the last six are the proof, and all but bronze_without_ledger (records of producers whose ledger is elsewhere) must be 0.
    """

    sent: int
    acked: int
    bronze: int
    silver: int
    rejected: int
    quarantined: int
    late: int
    duplicates: int
    conflicts: int
    awaiting_build: int
    acked_not_in_bronze: int
    valid_not_in_silver: int
    bronze_not_sent: int
    bronze_without_ledger: int
    silver_not_landed: int
    silver_repeated: int

    @property
    def unaccounted(self) -> int:
        """Acknowledged events that are neither in bronze nor, where they should be, in silver."""
        return self.acked_not_in_bronze + self.valid_not_in_silver

    @property
    def is_balanced(self) -> bool:
        """True where nothing is unaccounted for, nothing unsent appeared and every id is there once."""
        return not (self.unaccounted or self.bronze_not_sent or self.silver_not_landed or self.silver_repeated)

    def to_dict(self) -> dict[str, int | bool]:
        """All figures, with the verdict."""
        return {**asdict(self), "unaccounted": self.unaccounted, "is_balanced": self.is_balanced}

    def to_json(self) -> str:
        """All figures, with the verdict, as JSON."""
        return json.dumps(self.to_dict(), indent=2)


def take_accounts(lake: str, ledger_dir: Path, *, storage_options: Mapping[str, str] | None = None, memory_limit: str = "2GB") -> Accounts:
    """Compare the ledgers with the stored files of bronze and silver, as they are now.

    Silver is held against bronze as of the pull cursor's version, less its pending hours: what landed later is awaiting its build.
    """
    options = dict(storage_options or {})
    with tempfile.TemporaryDirectory(prefix="playhead-books-") as spill, duckdb.connect() as books:
        books.execute(f"SET memory_limit = '{memory_limit}'")
        books.execute(f"SET temp_directory = '{spill}'")
        books.execute("SET preserve_insertion_order = false")
        sent, acked = read_ledger(ledger_dir)
        books.register("sent", sent)
        books.register("acked", acked)
        cursor = _read_cursor(books, lake, options)
        _create_view(books, "bronze", _BRONZE_COLUMNS, _files(lake, "bronze/events", options), _NO_BRONZE)
        built = _files(lake, "bronze/events", options, version=cursor) if cursor is not None else []
        _create_view(books, "bronze_built", _BRONZE_COLUMNS, built, _NO_BRONZE)
        _create_conflicts(books, lake, options)
        _create_silver(books, lake, options)
        books.execute(_VIEWS)
        return Accounts(**{name: _number(books, query) for name, query in _COUNTS.items()})


def _read_cursor(books: duckdb.DuckDBPyConnection, lake: str, options: dict[str, str]) -> int | None:
    """The pull cursor's bronze version; its pending hours become the table `pending`."""
    files = _files(lake, "ops/build_log", options)
    books.execute("CREATE TABLE pending (hour BIGINT)")
    if not files:
        return None
    found = books.execute(
        "SELECT bronze_version, list_transform(pending_hours, lambda hour: epoch_us(hour)) FROM read_parquet(?) "
        "WHERE run_kind = 'pull' ORDER BY bronze_version DESC, finished_at DESC LIMIT 1",
        [files],
    ).fetchone()
    if found is None:
        return None
    books.execute("INSERT INTO pending SELECT unnest(?::BIGINT[])", [found[1]])
    return int(found[0])


def _create_conflicts(books: duckdb.DuckDBPyConnection, lake: str, options: dict[str, str]) -> None:
    select = "event_id, epoch_us(event_hour) AS hour"
    none = "SELECT NULL::VARCHAR AS event_id, NULL::BIGINT AS hour WHERE false"
    _create_view(books, "conflicts", select, _files(lake, "ops/id_conflicts", options), none, "conflict = 'other_hour'")


def _create_silver(books: duckdb.DuckDBPyConnection, lake: str, options: dict[str, str]) -> None:
    none = "SELECT NULL::VARCHAR AS family, NULL::VARCHAR AS event_id, NULL::BIGINT AS hour WHERE false"
    for family, table in _SILVER.items():
        select = f"'{family}' AS family, event_id, epoch_us(event_hour) AS hour"
        _create_view(books, f"silver_{family}", select, _files(lake, table, options), none)
    books.execute("CREATE VIEW silver AS " + " UNION ALL ".join(f"FROM silver_{family}" for family in _SILVER))


def _create_view(books: duckdb.DuckDBPyConnection, name: str, select: str, files: list[str], none: str, condition: str = "true") -> None:
    """A view over a table's files; one without rows where there are no files."""
    if not files:
        books.execute(f"CREATE VIEW {name} AS {none}")
        return
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    source = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    books.execute(f"CREATE VIEW {name} AS FROM {source} SELECT {select} WHERE {condition}")


def _files(lake: str, table: str, options: dict[str, str], version: int | None = None) -> list[str]:
    """The data files of a Delta table at a version; none when it does not exist."""
    path = f"{lake}/{table}"
    if not DeltaTable.is_deltatable(path, options):
        return []
    return [str(uri) for uri in DeltaTable(path, version=version, storage_options=options).file_uris()]


def _number(books: duckdb.DuckDBPyConnection, query: str) -> int:
    row = books.execute(query).fetchone()
    return 0 if row is None else int(row[0])
