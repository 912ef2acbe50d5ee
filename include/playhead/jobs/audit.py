"""Audit ids across hours: the same event_id in another hour or with other content is a conflict (DESIGN, times and identity)."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from playhead.bronze.buildable import BUILDABLE
from playhead.contracts.model import event_columns, load_contract
from playhead.io.delta import read_table
from playhead.io.delta_table import append_rows, table_version
from playhead.io.lock import table_lock
from playhead.io.partitions import hour_key
from playhead.io.touched_hours import touched_metadata

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

logger = logging.getLogger(__name__)

ID_CONFLICTS = "ops.id_conflicts"
_ARRIVAL = ("kafka_timestamp", "topic", "partition", "offset")
# What a client stamps anew when it sends the same event again.
_STAMPS = frozenset({"sent_at", "received_at"})


def audit_ids(spark: SparkSession, lake: str, *, landed_since: date | None = None, now: datetime | None = None) -> dict[str, int]:
    """Append the conflicts that ops.id_conflicts does not hold yet; returns how many were found.

    The next build takes the hours of new conflicts as touched. `landed_since` bounds the search to records that landed from that day
    on, for lakes where looking at all of bronze every day costs too much. Run again, it finds nothing new.
    """
    version = table_version(lake, "bronze.events")
    if version is None:
        return {"found": 0}
    events = read_table(spark, lake, "bronze.events", version).where(BUILDABLE)
    if landed_since is not None:
        events = events.where(F.col("landed_date") >= F.lit(landed_since))
    with table_lock(lake, ID_CONFLICTS, holder="audit"):
        known = read_table(spark, lake, ID_CONFLICTS).select("event_id", "event_hour")
        rows = find_conflicts(events).join(known, ["event_id", "event_hour"], "left_anti")
        new = rows.withColumn("found_at", F.lit(now or datetime.now(UTC))).select(*load_contract(ID_CONFLICTS).column_names)
        found = _append(lake, new)
    logger.info("bronze_version=%d conflicts=%d", version, found)
    return {"found": found}


def find_conflicts(events: DataFrame) -> DataFrame:
    """One row per event_id and hour that conflicts with the id's first arrival.

    `other_hour`: the hour is not that of the first arrival; silver leaves the event out. `other_content`: in the first arrival's hour
    another record says something else under the same id; silver keeps the first.
    """
    marked = _repeated(events).select("event_id", "event_hour", *_ARRIVAL, _content().alias("content"))
    arrivals = Window.partitionBy("event_id").orderBy(*_ARRIVAL)
    compared = (
        marked.withColumn("kept_event_hour", F.first("event_hour").over(arrivals))
        .withColumn("kept_content", F.first("content").over(arrivals))
        .where("event_hour <> kept_event_hour OR content <> kept_content")
    )
    conflict = F.when(F.col("event_hour") != F.col("kept_event_hour"), F.lit("other_hour")).otherwise(F.lit("other_content"))
    return compared.withColumn("conflict", conflict).select("event_id", "event_hour", "kept_event_hour", "conflict").distinct()


def _repeated(events: DataFrame) -> DataFrame:
    """Events whose id occurs more than once: few, so that only they are compared whole.

    Ids are counted by their hash, which is cheap to group by; two ids of one hash are compared in vain, and found to differ.
    """
    id_hash = F.xxhash64("event_id")
    repeated = events.groupBy(id_hash.alias("id_hash")).agg(F.count(F.lit(1)).alias("count")).where("count > 1").select("id_hash")
    return events.join(F.broadcast(repeated), id_hash == repeated["id_hash"], "left_semi")


def _content() -> Column:
    """What the event says, without the stamps of its sending; NULLs are marked, because the hash passes over them."""
    names = [column.name for column in event_columns() if column.name not in _STAMPS]
    return F.xxhash64(*(F.col(name) for name in names), *(F.col(name).isNull() for name in names))


def _append(lake: str, rows: DataFrame) -> int:
    """Append the rows, if there are any: an empty commit would make later runs look for changes in vain."""
    found = rows.collect()  # bounded: conflicts are mistakes of producers, and each is told once
    if found:
        touched = {hour_key(row.event_hour) for row in found if row.conflict == "other_hour"}  # silver keeps the first of the others
        append_rows(lake, ID_CONFLICTS, [row.asDict() for row in found], metadata=touched_metadata(touched))
    return len(found)
