"""The query `ingest`: every Kafka record of the event topics to bronze.events, exactly once, in order of arrival.

The checkpoint says which offsets a batch holds before it starts; Delta's transaction in the same commit as the data says which batch has
landed. A batch that is run again after a crash is therefore skipped or completed, never doubled (DESIGN invariant 1).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.bronze.events import build_events
from playhead.contracts.derive import spark_ddl
from playhead.contracts.model import event_types, load_contract
from playhead.errors import StackError
from playhead.io.delta import RETAINED_DAYS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

logger = logging.getLogger(__name__)

QUERY = "ingest"
_PROPERTIES = {
    "delta.appendOnly": "true",
    "delta.deletedFileRetentionDuration": f"interval {RETAINED_DAYS} days",
    "delta.enableChangeDataFeed": "true",  # builds read the versions they have not seen; appends pay nothing for it
    "delta.enableDeletionVectors": "false",
    "delta.dataSkippingStatsColumns": "event_hour",  # what builds filter by; no personal data gets into the transaction log
    "delta.checkpointInterval": "100",
    "delta.checkpointPolicy": "v2",
}


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
        StackError: the table has rows but its checkpoint is gone, so that starting would land every record again.
    """
    create_bronze(spark, options.lake)
    _require_checkpoint(spark, options)
    records = read_records(spark, client, options.max_records)
    from pyspark.sql import functions as F

    events = build_events(records, late_horizon=options.late_horizon, landed_at=F.current_timestamp())
    writer = (
        events.writeStream.format("delta")
        .queryName(QUERY)
        .outputMode("append")
        .partitionBy("landed_date")
        .option("checkpointLocation", options.checkpoint)
        .option("path", f"{options.lake}/bronze/events")
    )
    trigger = writer.trigger(availableNow=True) if options.available_now else writer.trigger(processingTime="500 milliseconds")
    query: StreamingQuery = trigger.start()
    return query


def create_bronze(spark: SparkSession, lake: str) -> None:
    """Create bronze.events in its contract's shape, unless it exists."""
    properties = ", ".join(f"'{name}' = '{value}'" for name, value in _PROPERTIES.items())
    spark.sql(
        f"CREATE TABLE IF NOT EXISTS delta.`{lake}/bronze/events` ({spark_ddl(load_contract('bronze.events').columns)}) "
        f"USING delta PARTITIONED BY (landed_date) TBLPROPERTIES ({properties})"
    )


def read_records(spark: SparkSession, client: Mapping[str, str], max_records: int) -> DataFrame:
    """The event topics as a stream of Kafka records with headers. Lost offsets stop the query: loss is never silent."""
    topics = sorted({event.topic for event in event_types().values()})
    reader = spark.readStream.format("kafka").option("subscribe", ",".join(topics))
    for name, value in kafka_options(client).items():
        reader = reader.option(f"kafka.{name}", value)
    return (
        reader.option("startingOffsets", "earliest")
        .option("failOnDataLoss", "true")
        .option("includeHeaders", "true")
        .option("maxOffsetsPerTrigger", max_records)
        .option("kafka.isolation.level", "read_committed")
        .option("kafka.max.poll.records", 20_000)
        .option("kafka.max.partition.fetch.bytes", 16 * 1024 * 1024)
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
    """Wait until the query ends by itself or `stop` is set; then let the batch in hand finish.

    Raises:
        StreamingQueryException: the query failed.
    """
    while query.isActive and not stop.wait(0.5):
        continue
    if query.isActive:
        query.stop()
    query.awaitTermination()


def _require_checkpoint(spark: SparkSession, options: IngestOptions) -> None:
    if "://" in options.checkpoint or (Path(options.checkpoint) / "metadata").is_file():
        return
    if spark.read.format("delta").load(f"{options.lake}/bronze/events").limit(1).count():
        raise StackError(
            f"bronze.events has rows but {options.checkpoint}/metadata is gone: starting would land every record of Kafka again; "
            "restore the checkpoint from a backup, or move bronze.events away to land everything anew"
        )
