"""The query `ingest`: every Kafka record of the event topics to bronze.events, exactly once.

Spark plans the offsets of a batch, writes them into the checkpoint before it starts, reads Kafka and runs a batch again that failed. Its
workers read the records and write files; the driver makes a batch's files visible in one commit that carries the batch's number. A batch
that is run again after a crash is therefore skipped or completed, never doubled (DESIGN invariant 1, ADR 6).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from playhead.bronze.buildable import hours_to_build
from playhead.bronze.events import RECORD_SCHEMA, Landing, build_events
from playhead.contracts.model import event_topics, load_contract
from playhead.errors import PastError
from playhead.io.checkpoint import read_checkpoint, remove_stray_checksums, require_query_id
from playhead.io.delta_append import AppendedTable, DataFile, Layout, write_data_file
from playhead.io.delta_table import RETAINED_DAYS, table_path
from playhead.io.kafka import topic_ids
from playhead.io.partitions import hour_key
from playhead.io.run_files import read_json, write_json
from playhead.io.touched_hours import touched_metadata

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

logger = logging.getLogger(__name__)

QUERY = "ingest"
_PROPERTIES = {
    "delta.appendOnly": "true",
    "delta.deletedFileRetentionDuration": f"interval {RETAINED_DAYS} days",
    "delta.enableChangeDataFeed": "true",  # the exporter of metrics reads the versions it has not seen; appends pay nothing for it
    "delta.dataSkippingStatsColumns": "event_hour",  # what builds filter by; no personal data gets into the transaction log
    "delta.checkpointInterval": "100",
}
_FILE_DDL = "path string, size bigint, rows bigint, statistics string, hours array<string>"


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How the query runs. max_records bounds a batch, so that memory stays bounded when the app is far behind."""

    lake: str
    checkpoint: str
    late_horizon: timedelta
    available_now: bool = False
    max_records: int = 400_000


def start_ingest(spark: SparkSession, client: Mapping[str, str], options: IngestOptions) -> StreamingQuery:
    """Start the query.

    Raises:
        PastError: table, checkpoint and topics do not belong together, so that starting would land records again, or pass some over.
    """
    bronze = open_bronze(options.lake)
    require_same_past(bronze, options.checkpoint)
    if stray := remove_stray_checksums(options.checkpoint):
        logger.warning("query=%s removed %s, whose files somebody has deleted", QUERY, ", ".join(stray))
    require_same_topics(options.checkpoint, topic_ids(client, event_topics()))
    layout = bronze_layout(options.lake)
    warming = threading.Thread(target=warm_workers, args=(spark, layout, options.late_horizon), name="warm_workers", daemon=True)
    warming.start()
    landing = _Batches(bronze, layout, options, warming)
    records = with_record_columns(read_records(spark, client, options.max_records))
    writer = records.writeStream.queryName(QUERY).option("checkpointLocation", options.checkpoint).foreachBatch(landing.land)
    trigger = writer.trigger(availableNow=True) if options.available_now else writer.trigger(processingTime="500 milliseconds")
    query: StreamingQuery = trigger.start()
    return query


def open_bronze(lake: str) -> AppendedTable:
    """The table bronze.events, created in its contract's shape where there is none."""
    return AppendedTable(bronze_layout(lake), load_contract("bronze.events"), _PROPERTIES)


def bronze_layout(lake: str) -> Layout:
    """How the files of bronze.events lie: the records of a topic come together, and so do those of a family."""
    return Layout(table_path(lake, "bronze.events"), day_column="landed_date", skipped_by="event_hour", clustered_by="family")


class _Batches:
    """Lands the batches of the query, one after the other."""

    def __init__(self, bronze: AppendedTable, layout: Layout, options: IngestOptions, warming: threading.Thread) -> None:
        self._bronze = bronze
        self._layout = layout
        self._options = options
        self._warming = warming

    def land(self, records: DataFrame, number: int) -> None:
        """One batch: workers write its files, then one commit shows them. A batch that is there already is left alone."""
        query_id = require_query_id(self._options.checkpoint)
        landed = self._bronze.committed(query_id)
        if landed is not None and landed >= number:
            logger.info("query=%s batch=%d has landed before; nothing is written", QUERY, number)
            return
        self._warming.join()  # else it would start more workers, as cold as the first
        landing = Landing(datetime.now(UTC), self._options.late_horizon)
        # As many tasks as can run at once, each writing one file: a task for each Kafka partition would cost more than its records do.
        tasks = records.coalesce(records.sparkSession.sparkContext.defaultParallelism)
        written = [row.asDict() for row in tasks.mapInArrow(_writer(self._layout, landing), _FILE_DDL).collect()]
        hours = {hour for file in written for hour in file.pop("hours")}
        files = [DataFile(**file) for file in written]
        self._bronze.commit(files, landing.landed_at.date(), query_id, number, metadata=touched_metadata(hours))


def warm_workers(spark: SparkSession, layout: Layout, late_horizon: timedelta) -> None:
    """Start the workers of a batch and let them land nothing, so that they have read their modules when the first records come.

    Spark meanwhile plans the first batch.
    """
    write = _writer(layout, Landing(datetime.now(UTC), late_horizon))

    def write_nothing(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            continue  # a worker that has not read all it was sent is not used again
        yield from write(iter([pa.RecordBatch.from_pylist([], RECORD_SCHEMA)]))

    workers = spark.sparkContext.defaultParallelism
    spark.range(0, workers, 1, workers).mapInArrow(write_nothing, _FILE_DDL).collect()


def _writer(layout: Layout, landing: Landing) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What a worker does with its records: a file of bronze rows, and one row that tells of it and of its hours to build."""

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        hours: set[datetime] = set()

        def tables() -> Iterator[pa.Table]:
            for batch in batches:
                events = build_events(pa.Table.from_batches([batch]).cast(RECORD_SCHEMA), landing)
                hours.update(hours_to_build(events))
                yield events

        file = write_data_file(tables(), layout, landing.landed_at.date())
        if file is not None:
            yield pa.RecordBatch.from_pylist([asdict(file) | {"hours": [hour_key(hour) for hour in hours]}])

    return write


def with_record_columns(records: DataFrame) -> DataFrame:
    """Kafka's records as bronze reads them: RECORD_SCHEMA."""
    from pyspark.sql import functions as F

    def header(name: str) -> Column:
        """The first value of a header as text; NULL where it is absent or not text."""
        at = F.array_position(F.col("headers.key"), name) - 1
        return F.try_validate_utf8(F.get(F.col("headers.value"), at.cast("int")).cast("string"))

    return records.select(
        "value",
        "topic",
        "partition",
        "offset",
        F.col("timestamp").alias("kafka_timestamp"),
        header("producer_id").alias("producer_id"),
        header("producer_sequence").try_cast("bigint").alias("producer_sequence"),
        header("replay_of").alias("replay_of"),
        header("received_at").alias("received_at"),
    )


def read_records(spark: SparkSession, client: Mapping[str, str], max_records: int) -> DataFrame:
    """The event topics as a stream of Kafka records with headers. Lost offsets stop the query: loss is never silent."""
    reader = spark.readStream.format("kafka").option("subscribe", ",".join(event_topics()))
    for name, value in kafka_options(client).items():
        reader = reader.option(f"kafka.{name}", value)
    return (
        reader.option("startingOffsets", "earliest")
        .option("failOnDataLoss", "true")
        .option("includeHeaders", "true")
        .option("maxOffsetsPerTrigger", max_records)
        .option("kafka.isolation.level", "read_committed")
        .option("kafka.max.poll.records", 5_000)
        .option("kafka.max.partition.fetch.bytes", 4 * 1024 * 1024)
        # A fetch that waits for records at the end of one partition holds up the next read of that consumer; the default is 500 ms.
        .option("kafka.fetch.max.wait.ms", 20)
        .load()
    )


def kafka_options(client: Mapping[str, str]) -> dict[str, str]:
    """librdkafka's client options as the Java client calls them."""
    java = {name: value for name, value in client.items() if not name.startswith("sasl.")}
    if "sasl.username" in client:
        login = f'username="{client["sasl.username"]}" password="{client["sasl.password"]}"'
        java["sasl.mechanism"] = client["sasl.mechanism"]
        java["sasl.jaas.config"] = f"org.apache.kafka.common.security.scram.ScramLoginModule required {login};"
    return java


def run_until(query: StreamingQuery, stop: threading.Event) -> None:
    """Wait until the query ends by itself or `stop` is set, then end it. A batch that is cut short is run again at the next start.

    Raises:
        StreamingQueryException: the query failed.
    """
    while query.isActive and not stop.wait(0.5):
        continue
    if query.isActive:
        query.stop()
    query.awaitTermination()


def require_same_topics(path: str, topics: Mapping[str, str]) -> None:
    """Stops where a topic is another one than the checkpoint's offsets are of. `topics` are the ids that the broker gave them.

    A topic that is deleted and made again begins at offset 0: Spark would take its first records for some that have landed.
    """
    remembered = f"{path}/topics.json"
    known = read_json(remembered) or {}
    if other := sorted(name for name, topic_id in topics.items() if known.get(name, topic_id) != topic_id):
        raise PastError(
            f"{', '.join(other)} was deleted and made again since {path} was begun, so its offsets are of other records: going on would "
            "pass records over; move bronze.events and the checkpoint away to land what Kafka holds now, and keep them for the rest"
        )
    if topics.keys() - known.keys():
        write_json(remembered, {**known, **topics})


def require_same_past(bronze: AppendedTable, path: str) -> None:
    """Stops where the table and the checkpoint tell of different pasts.

    A batch is planned in the checkpoint, then committed to the table, then marked as finished; a crash may come between any two.
    """
    if bronze.is_set_back:
        raise PastError(
            "bronze.events was restored to a version without its newest batches, and Kafka's records of them would never be read again; "
            "restore the table to the version it had before, or move it and the checkpoint away to land everything anew"
        )
    checkpoint = read_checkpoint(path)
    if checkpoint is None:
        if bronze.has_rows:
            raise PastError(
                f"bronze.events has rows but {path}/metadata is gone: starting would land every record of Kafka again; "
                "restore the checkpoint from a backup, or move bronze.events away to land everything anew"
            )
        return
    landed = bronze.committed(checkpoint.query_id)
    if landed is not None and landed > (-1 if checkpoint.planned is None else checkpoint.planned):
        raise PastError(
            f"bronze.events holds batch {landed} but {path} knows only of batch {checkpoint.planned}: it is older than the table, and "
            "starting would take other records for those that landed; restore the newest checkpoint, or move bronze.events and the "
            "checkpoint away to land everything anew"
        )
    if checkpoint.is_plan_cut_off:
        has_landed = landed is not None and landed == checkpoint.planned
        raise PastError(
            f"{path}/offsets/{checkpoint.planned} is cut off, so nobody can tell which records batch {checkpoint.planned} is of; "
            + ("restore it from a backup" if has_landed else "delete it: the batch has not landed, and is planned anew")
        )
    if checkpoint.is_mark_cut_off:
        raise PastError(
            f"{path}/commits/{checkpoint.finished} is cut off, and Spark cannot read it; "
            f"delete it: batch {checkpoint.finished} is run again, and what of it has landed is not landed twice"
        )
    if checkpoint.finished is not None and (landed is None or landed < checkpoint.finished):
        raise PastError(
            f"{path} says that batch {checkpoint.finished} has landed but bronze.events holds "
            f"{'none' if landed is None else f'only batch {landed}'}: records between would be passed over; "
            "restore the table, or move the checkpoint away with it to land everything anew"
        )
