"""Spark sessions: how Playhead talks to its engines.

Batch work goes through Spark Connect to one warm server (no JVM per task); the streaming app holds a classic session of its own,
because it is the one writer of bronze.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playhead.errors import StackError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_ANSWER_TIMEOUT_S = 5.0
_SPARK_CONNECT_PORT = 15002
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
    # A build's queries are more code than the default of 100 classes keeps, so each build would compile all of it again.
    "spark.sql.codegen.cache.maxEntries": "3000",
    # VACUUM lists files with this many tasks; the default of 10000 took half a minute per table.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "8",
}


# The streaming app reads Kafka and hands records to its workers; only `live` reads Delta, with settings of its own. Nothing adaptive: that
# costs latency and gains nothing.
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


_TELL_OF_EVERY_STOP = (
    "org.apache.spark.util.Utils",
    "org.apache.spark.sql.execution.datasources.v2.DataWritingSparkTask",
    "org.apache.spark.sql.execution.datasources.v2.WriteToDataSourceV2Exec",
)

_WARNS_OF_EVERY_NEW_PLAY = "org.apache.spark.sql.execution.python.streaming.TransformWithStateInPySparkStateServer"

# Memory of the streaming app's JVM.
STREAM_MEMORY = "2g"
# Waits for a JVM that was started before its session; port and secret of its gateway.
Gateway = Callable[[], tuple[int, str]]

# Tasks of one batch of `ingest`: one per core of a small machine. More slots than that are the real-time tasks' own.
INGEST_TASKS = 2
# `live` runs one task at a time.
LIVE_TASKS = 1


def stream_session(
    jars: list[Path], *, gateway: Gateway | None = None, real_time_tasks: int = 0, ui_port: int | None = None
) -> SparkSession:
    """The classic session of the streaming app. With ui_port its UI listens on loopback there, else there is none.

    Its JVM is the one behind `gateway`, else pyspark starts one.

    A task of Real-time Mode holds its slot as long as the query runs, one for each Kafka partition, and mostly waits: there are slots for
    `real_time_tasks` of them, and for the one of `live`, beside those of `ingest`, which goes on with as many tasks as before.
    """
    from pyspark.sql import SparkSession

    os.environ.pop("SPARK_CONNECT_MODE_ENABLED", None)  # a client of Connect marks its environment, and whoever started us may be one
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else workers run whatever `python3` is, without our packages
    ui = {"spark.ui.enabled": "false"} if ui_port is None else {"spark.ui.port": str(ui_port), "spark.ui.enabled": "true"}
    slots = INGEST_TASKS + (LIVE_TASKS + real_time_tasks if real_time_tasks else 0)
    options = (
        STREAM_CONF
        | ui
        | {
            "spark.driver.memory": STREAM_MEMORY,
            "spark.driver.extraClassPath": classpath(jars),
            "spark.default.parallelism": str(INGEST_TASKS),
            # Both queries keep a consumer for each partition; one that is put out of the cache starts anew with each batch.
            "spark.kafka.consumer.cache.capacity": str(max(64, 2 * slots)),
        }
    )
    builder = SparkSession.builder.master(f"local[{slots}]").appName("playhead.stream")
    for name, value in options.items():
        builder = builder.config(name, value)
    with _dialled(gateway):
        session: SparkSession = builder.getOrCreate()
    _quieten(session)
    return session


@contextmanager
def _dialled(gateway: Gateway | None) -> Iterator[None]:
    """pyspark finds a JVM that runs already by two variables; nothing that is started later inherits them."""
    if gateway is None:
        yield
        return
    port, secret = gateway()
    os.environ |= {"PYSPARK_GATEWAY_PORT": str(port), "PYSPARK_GATEWAY_SECRET": secret}
    try:
        yield
    finally:
        del os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"]


def _quieten(session: SparkSession) -> None:
    """Spark writes three stack traces for each task of a query that is stopped; what fails by itself, the query's exception tells.

    It also warns of each key that a state does not hold yet, which is how a play begins, and names it.
    """
    jvm: Any = session.sparkContext._jvm
    log4j = jvm.org.apache.logging.log4j
    for name in _TELL_OF_EVERY_STOP:
        log4j.core.config.Configurator.setLevel(name, log4j.Level.OFF)
    log4j.core.config.Configurator.setLevel(_WARNS_OF_EVERY_NEW_PLAY, log4j.Level.ERROR)


def reach(remote: str) -> SparkSession:
    """A client session on the batch engine at `remote`.

    Raises:
        StackError: nobody listens there. Spark's own client would try again for minutes.
    """
    address = urlsplit(remote)
    try:
        socket.create_connection((address.hostname or "", address.port or _SPARK_CONNECT_PORT), timeout=_ANSWER_TIMEOUT_S).close()
    except OSError as error:
        raise StackError(f"no Spark answers at {remote} ({error}); start it with `playhead up`, or set PLAYHEAD_SPARK_REMOTE") from error
    return connect(remote)


def connect(remote: str) -> SparkSession:
    """A client session on the warm Spark Connect server at `remote` (sc://host:port)."""
    from pyspark.sql import SparkSession

    return SparkSession.builder.remote(remote).getOrCreate()


def classpath(jars: list[Path]) -> str:
    """Jars as a JVM class path."""
    return ":".join(str(jar) for jar in jars)
