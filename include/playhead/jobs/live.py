"""The query `live`: bronze.events -> gold.qoe_live within seconds, for as long as anything happens.

It reads bronze and not Kafka, so that what is rejected, repeated or of a wrong type is told in one place only. Its state is in RocksDB, of
which a batch writes the changes. A batch's rows are few, minutes by countries by platforms, and go into the table in one commit that
carries the batch's number; since they are whole rows, a batch done twice would change nothing either (ADR 11).
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.errors import StackError
from playhead.gold.qoe_live import build_qoe_live
from playhead.io.checkpoint import read_query_id, require_query_id
from playhead.io.delta_merge import MergedTable
from playhead.io.delta_table import find_table, table_path
from playhead.io.lock import table_lock

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

logger = logging.getLogger(__name__)

QUERY = "live"
TABLE = "gold.qoe_live"
_BRONZE = "bronze.events"
_EVERY = "2 seconds"
_LOOK_S = 0.5
_TIDY_EVERY = timedelta(hours=1)
KEPT = timedelta(days=7)
# Where there is no checkpoint: as long as a play may be silent, so that the plays that are under way are known.
_LOOK_BACK = timedelta(hours=1)
# One task reads and one keeps the state, so that `ingest` never waits for slots; many state stores would cost more than their work.
_CONF = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.streaming.stateStore.providerClass": "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider",
    "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
    "spark.databricks.delta.snapshotPartitions": "1",
    # Delta's rules for SQL and deletion vectors are a matter of the whole session, and cost `ingest`; reading bronze needs none of them.
    "spark.databricks.delta.requiredSparkConfsCheck.enabled": "false",
}
_MOST_BYTES = "256m"


def run_live(spark: SparkSession, lake: str, checkpoint: str, stop: threading.Event) -> None:
    """Keep gold.qoe_live until `stop` is set, as its one writer.

    Raises:
        LockHeldError: another process writes the table.
        StackError: nothing has ever landed in this lake.
        StreamingQueryException: the query failed.
    """
    with table_lock(lake, TABLE, holder="the streaming app", wait_s=0):
        query = start_live(spark, lake, checkpoint)
        try:
            while query.isActive and not stop.wait(_LOOK_S):
                continue
        finally:
            query.stop()
        query.awaitTermination()


def start_live(spark: SparkSession, lake: str, checkpoint: str) -> StreamingQuery:
    """Start the query, in a session of its own: its settings are not those of the other queries."""
    session = spark.newSession()
    for name, value in _CONF.items():
        session.conf.set(name, value)
    rows = build_qoe_live(_read_bronze(session, lake, checkpoint))
    batches = _Batches(MergedTable(lake, load_contract(TABLE)), checkpoint)
    writer = rows.writeStream.queryName(QUERY).option("checkpointLocation", checkpoint).outputMode("update")
    query: StreamingQuery = writer.foreachBatch(batches.merge).trigger(processingTime=_EVERY).start()
    return query


def newest_rows(rows: pa.Table) -> pa.Table:
    """Of several rows with one key the one that was made last: a batch may count in a minute that it then makes final."""
    contract = load_contract(TABLE)
    by_key = {tuple(row[name] for name in contract.key): row for row in rows.sort_by("revision").to_pylist()}
    return pa.Table.from_pylist(list(by_key.values()), arrow_schema(contract))


class _Batches:
    """Writes the batches of the query, one after the other."""

    def __init__(self, table: MergedTable, checkpoint: str) -> None:
        self._table = table
        self._checkpoint = checkpoint
        self._tidied_at: datetime | None = None

    def merge(self, rows: DataFrame, number: int) -> None:
        """One batch: its rows in the place of those that they correct. A batch that is there already is left alone."""
        query_id = require_query_id(self._checkpoint)
        made = rows.toArrow()  # also where nothing is written: it moves the state on
        written = self._table.committed(query_id)
        if written is not None and written >= number:
            logger.info("query=%s batch=%d has been written before; nothing is written", QUERY, number)
            return
        newest = newest_rows(made)
        if newest.num_rows:
            self._table.merge(newest, query_id, number)
        logger.info("query=%s batch=%d minutes=%d", QUERY, number, newest.num_rows)
        self._tidy(datetime.now(UTC))

    def _tidy(self, now: datetime) -> None:
        if self._tidied_at is None or now - self._tidied_at >= _TIDY_EVERY:
            self._table.tidy(now - KEPT)
            self._tidied_at = now


def _read_bronze(session: SparkSession, lake: str, checkpoint: str) -> DataFrame:
    """bronze.events as a stream of appends; without a checkpoint from an hour ago on."""
    path = table_path(lake, _BRONZE)
    reader = session.readStream.format("delta").option("skipChangeCommits", "true").option("maxBytesPerTrigger", _MOST_BYTES)
    if read_query_id(checkpoint) is None:
        reader = reader.option(*start_option(lake, datetime.now(UTC) - _LOOK_BACK))
    return reader.load(path).coalesce(1)


def start_option(lake: str, moment: datetime) -> tuple[str, str]:
    """Where a stream of bronze begins that is to have what landed since a moment; Delta refuses one after the newest commit."""
    bronze = find_table(lake, _BRONZE)
    if bronze is None:
        raise StackError(f"{lake} has no bronze.events yet; the query `live` begins when something has landed")
    newest = datetime.fromtimestamp(bronze.history(1)[0]["timestamp"] / 1000, UTC)
    return ("startingVersion", "latest") if newest <= moment else ("startingTimestamp", f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}")
