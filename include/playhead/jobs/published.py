"""What is published: the latest ops.publish_log row of every partition, and where the pull cursor stands in ops.build_log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.io.delta import read_table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_HOUR_TEXT = "transform(pending_hours, hour -> date_format(hour, \"yyyy-MM-dd'T'HH\"))"


@dataclass(frozen=True, slots=True)
class PublishedPartition:
    """The state of one published partition."""

    table_version: int
    bronze_version: int
    inputs: dict[str, int]
    rows_count: int
    content_hash: str = ""


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


def read_published(spark: SparkSession, lake: str, tables: Iterable[str] | None = None) -> Published:
    """The latest publish of every partition, of the tables named or of all."""
    log = read_table(spark, lake, "ops.publish_log")
    if tables is not None:
        log = log.where(F.col("table_name").isin(sorted(tables)))
    newest = F.struct("table_version", "published_at")
    row = F.struct("table_version", "bronze_version", "inputs", "rows_count", "content_hash")
    latest = log.groupBy("table_name", "partition_key").agg(F.max_by(row, newest).alias("latest"))
    found: dict[str, dict[str, PublishedPartition]] = {}
    for table, key, partition in latest.collect():
        found.setdefault(table, {})[key] = PublishedPartition(
            table_version=partition.table_version,
            bronze_version=partition.bronze_version,
            inputs=dict(partition.inputs),
            rows_count=partition.rows_count,
            content_hash=partition.content_hash,
        )
    return Published(found)


def read_cursor(spark: SparkSession, lake: str) -> Cursor:
    """The pull cursor; before the first pull run it stands before everything.

    Each pull row says of itself "all up to this bronze version is built, except what is pending", so the one with the newest version is
    right whichever of two overlapping runs finished first; of equals, the last written.
    """
    rows = (
        read_table(spark, lake, "ops.build_log")
        .where("run_kind = 'pull'")
        .orderBy(F.desc("bronze_version"), F.desc("finished_at"))
        .selectExpr("run_id", "bronze_version", "published['ops.id_conflicts'] AS conflicts_version", f"{_HOUR_TEXT} AS pending")
        .limit(1)
        .collect()
    )
    if not rows:
        return Cursor(None, -1, None, ())
    return Cursor(rows[0].run_id, rows[0].bronze_version, rows[0].conflicts_version, tuple(sorted(rows[0].pending)))
