"""Maintenance: merge small files of closed days and of the logs, remove files that nothing needs, clear abandoned staging.

Who writes a table maintains it (DESIGN invariant 5): the batch engine its tables, asked by the DAG `maintain`; the streaming app bronze,
beside its query.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from playhead.contracts.model import built_tables, load_contract, table_names
from playhead.io.delta import optimize, vacuum
from playhead.io.delta_table import days_to_merge, find_table, merge_log
from playhead.io.lock import table_lock
from playhead.io.run_files import remove_older
from playhead.io.side_by_side import side_by_side
from playhead.jobs.ingest import open_bronze
from playhead.jobs.registry import BUILDS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

CLOSED_AFTER_DAYS = 2  # plays are provisional for 25 hours; merging a day that is still rebuilt would be undone
OPTIMIZED_DAYS = 14
JOINED_BYTES = 4 * 1024 * 1024
ABANDONED_AFTER = timedelta(days=3)


def maintain_tables(spark: SparkSession, lake: str, *, today: date | None = None) -> dict[str, int]:
    """OPTIMIZE recent closed days and VACUUM every table that the batch engine owns; returns how many tables were maintained.

    Readers and builds see no difference: OPTIMIZE changes no rows, and VACUUM keeps a week of versions.
    """
    last = (today or datetime.now(UTC).date()) - timedelta(days=CLOSED_AFTER_DAYS)

    def maintain(name: str) -> None:
        with table_lock(lake, name, holder="maintain"):
            if load_contract(name).partition != "none":
                _merge_files(spark, lake, name, last)
            vacuum(spark, lake, name)

    tables = [name for name in built_tables() if find_table(lake, name) is not None]
    side_by_side(maintain, tables)
    merge_logs(lake)
    removed = sum(remove_older(f"{lake}/{directory}", ABANDONED_AFTER) for directory in ("_staging", "_runs"))
    logger.info("tables=%d abandoned_runs_removed=%d", len(tables), removed)
    return {"tables": len(tables), "abandoned": removed}


def merge_logs(lake: str) -> None:
    """Merge what each run has appended to the logs of ops: readers would open a file for every run that there ever was.

    A log that builds are made from is left alone: they ask its versions what has changed. The streaming app keeps its own.
    """
    inputs = {name for build in BUILDS.values() for name in build.inputs}
    for name in table_names("ops"):
        if name not in inputs and load_contract(name).writer != "stream":
            with table_lock(lake, name, holder="maintain"):
                merge_log(lake, name)


def maintain_bronze(lake: str, *, today: date | None = None) -> None:
    """Merge the files of the days of bronze.events that nothing lands in any more, and remove those that nothing needs.

    Only for its one writer, who holds the table's lock. Builds take no hour for touched by it: merging changes no rows.
    """
    yesterday = (today or datetime.now(UTC).date()) - timedelta(days=1)
    bronze = open_bronze(lake)
    if bronze.merge_files(yesterday - timedelta(days=OPTIMIZED_DAYS), yesterday):
        bronze.vacuum()


def join_landed(lake: str, *, today: date | None = None) -> None:
    """Join the small files that today's batches have left: a commit and a scan take longer with each file that there is.

    Only for the table's one writer, while it lands. Files that have reached JOINED_BYTES are left to `maintain_bronze`, so that no row
    is written again and again.
    """
    day = today or datetime.now(UTC).date()
    open_bronze(lake).merge_files(day, day, up_to_bytes=JOINED_BYTES)


def _merge_files(spark: SparkSession, lake: str, name: str, last: date) -> None:
    table = find_table(lake, name)
    days = days_to_merge(table, last - timedelta(days=OPTIMIZED_DAYS), last) if table is not None else []
    if days:
        optimize(spark, lake, name, days)
