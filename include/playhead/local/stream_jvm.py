"""The JVM of the streaming app, started before Python has read the modules it needs itself, and without Spark's launcher.

pyspark starts its JVM when the session is made, by `spark-submit`, which first starts a JVM to assemble the command. Here both run at
once: by the time Python knows what to do, the JVM listens. Whoever configures Spark by its own files and variables gets `spark-submit`.
"""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playhead.errors import StackError
from playhead.local.class_archive import archive_options
from playhead.local.jars import pyspark_home
from playhead.local.java import java_binary
from playhead.local.spark_jvm import spark_java
from playhead.spark import STREAM_MEMORY, Gateway

_READY_TIMEOUT_S = 90.0
_ENDING_S = 50.0  # at its first end it writes the archive of its classes, while the other JVMs write theirs
_POLL_S = 0.02
# A block of half a region makes G1 stop and look whether to collect. Of a heap of this size a region would be 1 MB, and blocks that
# Kafka and Arrow hand over in a batch are larger than half of that.
_REGIONS = "-XX:G1HeapRegionSize=8m"
# What only spark-submit reads.
_SPARKS_OWN = ("SPARK_CONF_DIR", "HADOOP_CONF_DIR", "YARN_CONF_DIR", "SPARK_DIST_CLASSPATH", "SPARK_SUBMIT_OPTS", "PYSPARK_SUBMIT_ARGS")


@contextmanager
def stream_jvm(cache_dir: Path, *, may_record: bool) -> Iterator[Gateway | None]:
    """A JVM that waits for its session, ended on exit; None where Spark's own configuration says how it is started.

    It also ends by itself when this process does, however that comes about: it reads from it until there is no one who writes.

    Args:
        cache_dir: where the jars are, and the archive of classes.
        may_record: whether it writes that archive when it ends, where there is none.
    """
    if _is_configured_by_spark():
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="playhead-stream-") as directory:
        told = Path(directory) / "gateway"
        process = _launch(cache_dir, told, may_record=may_record)
        try:
            yield lambda: _await_gateway(process, told)
        except BaseException:
            process.kill()  # what an app that failed has loaded makes no archive for one that works
            raise
        finally:
            _end(process)


def _is_configured_by_spark() -> bool:
    return any(os.environ.get(name) for name in _SPARKS_OWN) or (pyspark_home() / "conf").is_dir()


def _launch(cache_dir: Path, told: Path, *, may_record: bool) -> subprocess.Popen[bytes]:
    java = [*spark_java(java_binary(), cache_dir), f"-Xmx{STREAM_MEMORY}", _REGIONS]
    environment = {
        "SPARK_HOME": str(pyspark_home()),
        "SPARK_CONNECT_MODE": "0",
        "_PYSPARK_DRIVER_CONN_INFO_PATH": str(told),
        "PYSPARK_PYTHON": os.environ.get("PYSPARK_PYTHON", sys.executable),  # else workers run whatever `python3` is, without our packages
    }
    return subprocess.Popen(
        [*java, *archive_options(cache_dir, "stream", java, may_record=may_record), "org.apache.spark.api.python.PythonGatewayServer"],
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # Ctrl-C is for Python, which ends the JVM in order
    )


def _await_gateway(process: subprocess.Popen[bytes], told: Path) -> tuple[int, str]:
    """Port and secret, once the JVM has told them."""
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while not told.is_file():
        if process.poll() is not None:
            raise StackError(f"the JVM of the streaming app ended with {process.returncode} while starting; what it said is above")
        if time.monotonic() > deadline:
            raise StackError(f"the JVM of the streaming app is not ready after {_READY_TIMEOUT_S:.0f} s")
        time.sleep(_POLL_S)
    port, length = struct.unpack_from(">ii", said := told.read_bytes())
    return port, said[8 : 8 + length].decode()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(timeout=_ENDING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
