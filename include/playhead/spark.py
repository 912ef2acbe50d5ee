"""Spark sessions: how Playhead talks to its engines.

Batch work goes through Spark Connect to one warm server (no JVM per task); the streaming app holds a classic session of its own,
because it is the one writer of bronze.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Delta's default of 50 snapshot partitions costs seconds per commit on small machines.
DELTA_CONF = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.databricks.delta.properties.defaults.checkpointInterval": "100",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.compression.codec": "zstd",
    # Spark's default for times, INT96, carries no bounds to skip by.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}

# The batch engine: adaptive execution on; few shuffle partitions, because 200 empty tasks cost more than the work on two cores.
BATCH_CONF = DELTA_CONF | {
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.adaptive.enabled": "true",
    "spark.databricks.delta.optimizeWrite.enabled": "false",
    # VACUUM lists files with this many tasks; the default of 10000 took half a minute per table.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "8",
}


# The streaming app reads Kafka and hands records to its workers; it needs no Delta. Nothing adaptive: that costs latency and gains nothing.
STREAM_CONF = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.streaming.noDataMicroBatches.enabled": "false",
    "spark.sql.streaming.metricsEnabled": "false",
    # Records that a worker reads at once: enough that the fixed cost of a read (some 35 ms) is small beside them.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "40000",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


def stream_session(jars: list[Path], *, memory: str = "2g", master: str = "local[2]", ui_port: int | None = None) -> SparkSession:
    """The classic session of the streaming app. With ui_port its UI listens on loopback there, else there is none."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else workers run whatever `python3` is, without our packages
    ui = {"spark.ui.enabled": "false"} if ui_port is None else {"spark.ui.port": str(ui_port), "spark.ui.enabled": "true"}
    options = STREAM_CONF | ui | {"spark.driver.memory": memory, "spark.driver.extraClassPath": classpath(jars)}
    builder = SparkSession.builder.master(master).appName("playhead.stream")
    for name, value in options.items():
        builder = builder.config(name, value)
    session: SparkSession = builder.getOrCreate()
    return session


def connect(remote: str) -> SparkSession:
    """A client session on the warm Spark Connect server at `remote` (sc://host:port)."""
    from pyspark.sql import SparkSession

    return SparkSession.builder.remote(remote).getOrCreate()


def classpath(jars: list[Path]) -> str:
    """Jars as a JVM class path."""
    return ":".join(str(jar) for jar in jars)
