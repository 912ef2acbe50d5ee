"""What is published: the latest ops.publish_log row of every partition, and where the pull cursor stands in ops.build_log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from playhead.io.delta_table import query_log
from playhead.io.partitions import hour_key

_LATEST = """
SELECT table_name, partition_key, max_by(
    {table_version: table_version, bronze_version: bronze_version, inputs: inputs, rows_count: rows_count, content_hash: content_hash,
     published_at: published_at},
    (table_version, published_at)) AS latest
FROM log WHERE $tables IS NULL OR list_contains($tables, table_name) GROUP BY ALL
"""
_OF_RUN = "run_id = $run_id OR starts_with(run_id, $run_id || '~')"
RECORDS_OF_RUN = f"SELECT * FROM log WHERE {_OF_RUN} ORDER BY finished_at DESC"  # noqa: S608  (constants)
_EARLIER = f"SELECT count(DISTINCT run_id) AS earlier FROM log WHERE {_OF_RUN}"  # noqa: S608  (constants)
_CURSOR = """
SELECT run_id, bronze_version, published['ops.id_conflicts'] AS conflicts_version, pending_hours
FROM log WHERE run_kind = 'pull' ORDER BY bronze_version DESC, finished_at DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class PublishedPartition:
    """The state of one published partition."""

    table_version: int
    bronze_version: int
    inputs: dict[str, int]
    rows_count: int
    content_hash: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """The latest publish of every partition, by table and partition key."""

    tables: dict[str, dict[str, PublishedPartition]]

    def of(self, table: str) -> dict[str, PublishedPartition]:
        """Partitions of one table by key."""
        return self.tables.get(table, {})

    def keys_with_rows(self, table: str) -> list[str]:
        """Keys of the partitions that hold rows, ascending."""
        return sorted(key for key, partition in self.of(table).items() if partition.rows_count > 0)

    def version(self, table: str) -> int | None:
        """The version of the table's newest publish."""
        return max((partition.table_version for partition in self.of(table).values()), default=None)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the pull runs have come: all touched hours up to the versions are built, except the pending ones; `run_id` says so."""

    run_id: str | None
    bronze_version: int
    conflicts_version: int | None
    pending_hours: tuple[str, ...]


def read_published(lake: str, tables: Iterable[str] | None = None) -> Published:
    """The latest publish of every partition, of the tables named or of all."""
    found: dict[str, dict[str, PublishedPartition]] = {}
    for row in query_log(lake, "ops.publish_log", _LATEST, {"tables": None if tables is None else sorted(tables)}):
        latest = row["latest"]
        partition = PublishedPartition(**latest | {"inputs": dict(latest["inputs"])})
        found.setdefault(row["table_name"], {})[row["partition_key"]] = partition
    return Published(found)


def read_cursor(lake: str) -> Cursor:
    """The pull cursor; before the first pull run it stands before everything.

    Each pull row says of itself "all up to this bronze version is built, except what is pending", so the one with the newest version is
    right whichever of two overlapping runs finished first; of equals, the last written.
    """
    rows = query_log(lake, "ops.build_log", _CURSOR)
    if not rows:
        return Cursor(None, -1, None, ())
    (row,) = rows
    return Cursor(row["run_id"], row["bronze_version"], row["conflicts_version"], tuple(sorted(map(hour_key, row["pending_hours"]))))


def next_log_id(lake: str, log: str, run_id: str) -> str:
    """The run's name in an ops log: `run`, and `run~2` when a run that the log holds is run again."""
    (row,) = query_log(lake, log, _EARLIER, {"run_id": run_id})
    return run_id if row["earlier"] == 0 else f"{run_id}~{row['earlier'] + 1}"
