"""The batch engine that benches of builds and loads use: a Spark Connect server of their own, as the stack runs it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.local.spark_connect import running_server
from playhead.settings import get_settings
from playhead.spark import connect

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@contextmanager
def batch_engine(state_dir: Path) -> Iterator[SparkSession]:
    """A session on a server that ends with it, or on the one that PLAYHEAD_SPARK_REMOTE names."""
    with engine_address(state_dir) as remote:
        spark = connect(remote)
        try:
            yield spark
        finally:
            # Before its server ends: an open client would look for it for minutes when the interpreter exits.
            spark.stop()


@contextmanager
def engine_address(state_dir: Path) -> Iterator[str]:
    """The address of a server that ends with it, or of the one that PLAYHEAD_SPARK_REMOTE names."""
    named = get_settings().spark_remote
    if named:
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="spark-", dir=state_dir) as directory, running_server(Path(directory)) as remote:
        yield remote
