"""The embedded batch engine: one warm Spark Connect server on loopback (`python -m playhead.local.spark_connect`).

The server's JVM is started directly: `spark-submit` only assembles this command, in a JVM of its own (8 s to readiness; direct: 4.6 s).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playhead.local.class_archive import archive_options
from playhead.local.jars import pyspark_home
from playhead.local.java import require_java
from playhead.local.processes import LOOPBACK, free_port, is_listening, running_process, wait_until
from playhead.local.spark_jvm import spark_java
from playhead.settings import Settings, get_settings
from playhead.spark import BATCH_CONF

_JVM_OPTIONS = (
    # Throughput counts here, not pauses; and the loops of a query, new code each time, are compiled sooner than after 60,000 rounds.
    "-XX:+UseParallelGC",
    "-XX:Tier3BackEdgeThreshold=2000",
    # Of the default room of 240 MB, the half for code that is still profiled is full after a small demo.
    "-XX:ReservedCodeCacheSize=512m",
    # Compiled code is searched for what nobody uses any more each time 15 % of its room is filled, not each time half a per cent is.
    "-XX:SweeperThreshold=15",
)
_READY_TIMEOUT_S = 90

_LOG4J = """rootLogger.level = warn
rootLogger.appenderRef.stdout.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_OUT
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss.SSS} %p %c{1}: %m%n%ex
logger.connect.name = org.apache.spark.sql.connect.service.SparkConnectServer
logger.connect.level = info
# A failed query reaches its client with the whole error; here it would only repeat.
logger.client_errors.name = org.apache.spark.sql.connect.utils.ErrorUtils
logger.client_errors.level = off
"""


def server_conf(work_dir: Path, port: int, *, ui_port: int | None, bind_host: str) -> dict[str, str]:
    """Spark settings of the server: all scratch and warehouse files under `work_dir`, nothing but clients reachable from outside."""
    ui = {"spark.ui.enabled": "false"} if ui_port is None else {"spark.ui.port": str(ui_port)}
    return (
        BATCH_CONF
        | ui
        | {
            "spark.master": "local[*]",
            "spark.app.name": "playhead-batch",
            "spark.driver.host": LOOPBACK,
            "spark.driver.bindAddress": LOOPBACK,
            "spark.connect.grpc.binding.address": bind_host,
            "spark.connect.grpc.binding.port": str(port),
            "spark.local.dir": str(work_dir / "scratch"),
            "spark.sql.warehouse.dir": str(work_dir / "warehouse"),
            "spark.ui.showConsoleProgress": "false",
        }
    )


def server_command(
    work_dir: Path,
    cache_dir: Path,
    port: int,
    *,
    ui_port: int | None = None,
    bind_host: str = LOOPBACK,
    memory: str = "3g",
    may_record: bool = False,
) -> list[str]:
    """Command line of the server; makes its directories and fetches the jars it needs. `may_record`: as in archive_options."""
    (work_dir / "scratch").mkdir(parents=True, exist_ok=True)
    log4j = work_dir / "log4j2.properties"
    log4j.write_text(_LOG4J, encoding="utf-8")
    java = [*spark_java(require_java(), cache_dir), *_JVM_OPTIONS]
    return [
        *java,
        *archive_options(cache_dir, "spark_connect", java, may_record=may_record),
        f"-Xmx{memory}",
        f"-Djava.io.tmpdir={work_dir / 'scratch'}",
        f"-Dlog4j2.configurationFile={log4j}",
        *(f"-D{name}={value}" for name, value in server_conf(work_dir, port, ui_port=ui_port, bind_host=bind_host).items()),
        "org.apache.spark.sql.connect.service.SparkConnectServer",
    ]


def server_env() -> dict[str, str]:
    """Environment of the server: its Python workers run this interpreter, which has pyarrow."""
    return {"SPARK_HOME": str(pyspark_home()), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": LOOPBACK}


@contextmanager
def running_server(work_dir: Path, port: int | None = None) -> Iterator[str]:
    """A server of one's own, for tests: yields its sc:// address, ends every process it started on exit.

    Raises:
        StackError: it does not come up.
    """
    port = port or free_port()
    command = server_command(work_dir, Settings().cache_dir, port, memory="2g")
    log = work_dir / "spark_connect.log"
    with running_process(command, server_env(), work_dir, log) as process:
        wait_until(lambda: is_listening(port), lambda: process.poll() is None, "Spark Connect", log, _READY_TIMEOUT_S)
        yield f"sc://{LOOPBACK}:{port}"


def main() -> None:
    """Become the server that the settings describe; the process keeps its id, so a supervisor sees the JVM itself."""
    settings = get_settings()
    work_dir = settings.home / "spark_connect"
    command = server_command(
        work_dir,
        settings.cache_dir,
        settings.port("spark_connect"),
        ui_port=settings.port("spark_ui"),
        bind_host=settings.bind_host,
        may_record=settings.profile == "embedded",
    )
    os.chdir(work_dir)
    os.execve(command[0], command, os.environ | server_env())  # noqa: S606 - replacing this process is the point


if __name__ == "__main__":
    main()
