"""The embedded broker: a real Kafka (KRaft, one node) on loopback, started from its own jars (`python -m playhead.local.broker`)."""

from __future__ import annotations

import base64
import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playhead.errors import StackError
from playhead.io.kafka import broker_answers
from playhead.local.class_archive import archive_options
from playhead.local.jars import ensure_jars
from playhead.local.java import INLINE_LESS, require_java
from playhead.local.processes import LOOPBACK, free_port, running_process, wait_until
from playhead.settings import Settings, get_settings
from playhead.spark import classpath

_READY_TIMEOUT_S = 60
_FORMAT_TIMEOUT_S = 60
# The largest message any topic takes (dead_letter_queue), plus room for the record's own header.
_SOCKET_REQUEST_BYTES = 16 * 1024 * 1024

_LOG4J = """rootLogger.level = warn
rootLogger.appenderRef.stdout.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss.SSS} %p %c{1}: %m%n%ex
logger.server.name = kafka.server
logger.server.level = info
logger.values.name = org.apache.kafka.common.config.AbstractConfig
logger.values.level = warn
"""


def server_properties(data_dir: Path, port: int, controller_port: int) -> dict[str, str]:
    """Settings of the broker. Topics get LogAppendTime, so that old events are not expired the moment they arrive."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data_dir),
        "log.message.timestamp.type": "LogAppendTime",
        "auto.create.topics.enable": "false",
        "socket.request.max.bytes": str(_SOCKET_REQUEST_BYTES),
        # One node: its internal topics cannot have replicas, and 50 offset partitions would cost start-up time.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "num.network.threads": "2",
        "num.io.threads": "4",
    }


def render_properties(properties: dict[str, str]) -> str:
    """A Java properties file."""
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def prepare(work_dir: Path, cache_dir: Path, port: int, controller_port: int, *, may_record: bool = False) -> list[str]:
    """Write the broker's settings, format its storage once, and return its command line. `may_record`: as in archive_options.

    Raises:
        StackError: the storage cannot be formatted.
    """
    data_dir = work_dir / "data"
    work_dir.mkdir(parents=True, exist_ok=True)
    properties = work_dir / "server.properties"
    properties.write_text(render_properties(server_properties(data_dir, port, controller_port)), encoding="utf-8")
    log4j = work_dir / "log4j2.properties"
    log4j.write_text(_LOG4J, encoding="utf-8")
    java = [str(require_java()), *INLINE_LESS, "-cp", classpath(ensure_jars(cache_dir, "kafka"))]
    options = ["-Xmx512m", f"-Dlog4j2.configurationFile={log4j}"]
    if not (data_dir / "meta.properties").is_file():
        _format_storage([*java, *archive_options(cache_dir, "kafka", java, may_record=False), *options], properties)
    return [*java, *archive_options(cache_dir, "kafka", java, may_record=may_record), *options, "kafka.Kafka", str(properties)]


def _format_storage(java: list[str], properties: Path) -> None:
    # One id in 64 begins with a hyphen, which only the `=` form lets through.
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", "--config", str(properties)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_FORMAT_TIMEOUT_S)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise StackError(f"cannot format Kafka's storage: {said[-1] if said else 'no output'}; remove {properties.parent} and start again")


@contextmanager
def running_broker(work_dir: Path, port: int | None = None) -> Iterator[str]:
    """A broker of one's own, for tests: yields its bootstrap address, ends it on exit.

    Raises:
        StackError: it does not come up.
    """
    port = port or free_port()
    with broker_process(work_dir, port):
        yield f"{LOOPBACK}:{port}"


@contextmanager
def broker_process(work_dir: Path, port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """The same as a process, of a group of its own; `options` go to its command line.

    Raises:
        StackError: it does not come up.
    """
    command = [*prepare(work_dir, Settings().cache_dir, port, free_port()), *options]
    log = work_dir / "kafka.log"
    with running_process(command, {}, work_dir, log) as process:
        wait_until(lambda: broker_answers(f"{LOOPBACK}:{port}"), lambda: process.poll() is None, "Kafka", log, _READY_TIMEOUT_S)
        yield process


def main() -> None:
    """Become the broker that the settings describe; the process keeps its id, so a supervisor sees the JVM itself."""
    settings = get_settings()
    work_dir = settings.home / "kafka"
    ports = settings.port("kafka"), settings.port("kafka_controller")
    command = prepare(work_dir, settings.cache_dir, *ports, may_record=settings.profile == "embedded")
    os.chdir(work_dir)
    os.execv(command[0], command)  # noqa: S606 - replacing this process is the point


if __name__ == "__main__":
    main()
