"""Peer: the Spark job of the tutorials, Kafka to Delta with from_json and every default; nothing is validated."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from playhead.contracts.derive import spark_ddl
from playhead.contracts.model import event_columns, event_types
from playhead.local.jars import ensure_jars
from playhead.settings import get_settings
from playhead.spark import classpath

if TYPE_CHECKING:
    from pyspark.sql.streaming.query import StreamingQuery

Trigger = Literal["available-now", "continuous"]
TRIGGERS: tuple[Trigger, ...] = ("available-now", "continuous")


def start(spark: SparkSession, bootstrap: str, table: Path, trigger: Trigger, max_records: int) -> StreamingQuery:
    """Start the query; `continuous` is the default trigger, a micro-batch as soon as the one before has ended."""
    records = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", bootstrap)
        .option("subscribe", ",".join(sorted({event.topic for event in event_types().values()})))
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", max_records)
        .load()
    )
    events = records.select(
        F.from_json(F.col("value").cast("string"), spark_ddl(event_columns())).alias("event"), "topic", "partition", "offset", "timestamp"
    ).select("event.*", "topic", "partition", "offset", "timestamp")
    writer = events.writeStream.format("delta").option("checkpointLocation", f"{table}_checkpoint").option("path", str(table))
    return (writer.trigger(availableNow=True) if trigger == "available-now" else writer).start()


def main() -> None:
    """Land everything that the broker holds now, then end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--trigger", choices=TRIGGERS, required=True)
    parser.add_argument("--max-records", type=int, required=True)
    arguments = parser.parse_args()
    jars = ensure_jars(get_settings().cache_dir, "spark")
    spark = (
        SparkSession.builder.appName("tutorial")
        .config("spark.driver.extraClassPath", classpath(jars))
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .getOrCreate()
    )
    query = start(spark, arguments.bootstrap, arguments.table, arguments.trigger, arguments.max_records)
    if arguments.trigger == "continuous":
        query.processAllAvailable()
        query.stop()
    query.awaitTermination()
    spark.stop()


if __name__ == "__main__":
    main()
