"""The batch engine of a run of faults: one warm server, as the stack has, started when the first fault needs it."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.batch_engine import engine_address
from faults.airflow_parts import Airflow, started_airflow
from playhead.spark import connect

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Engine:
    """The server, and the session of whoever runs the faults on it; both end with `stack`."""

    def __init__(self, state_dir: Path, stack: ExitStack) -> None:
        self._state_dir = state_dir
        self._stack = stack

    @cached_property
    def address(self) -> str:
        """Where it listens."""
        return self._stack.enter_context(engine_address(self._state_dir))

    @cached_property
    def spark(self) -> SparkSession:
        """A session on it."""
        spark = connect(self.address)
        self._stack.callback(spark.stop)
        return spark

    @cached_property
    def airflow(self) -> Airflow:
        """Airflow, whose tasks use it."""
        return self._stack.enter_context(started_airflow(self._state_dir, self.address))
