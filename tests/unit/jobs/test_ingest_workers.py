"""The workers of `ingest` are warm before the first batch asks for them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from playhead.io.delta_append import DataFile
from playhead.jobs.ingest import IngestOptions, _Batches, bronze_layout, warm_workers

_HORIZON = timedelta(days=7)


class Spark:
    """A session with two slots; what is done to a frame is done to it, and collecting asks the function that was given."""

    def __init__(self) -> None:
        self.sparkSession = self.sparkContext = self
        self.defaultParallelism = 2
        self.tasks = 0
        self.batches = iter([pa.RecordBatch.from_pylist([{"id": 0}])])
        self.written: list[pa.RecordBatch] = []

    def range(self, *bounds: int) -> Spark:
        self.tasks = bounds[-1]
        return self

    def coalesce(self, tasks: int) -> Spark:
        self.tasks = tasks
        return self

    def mapInArrow(self, function: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]], _: str) -> Spark:  # noqa: N802  its name is Spark's
        self.written = list(function(self.batches))
        return self

    def collect(self) -> list[Any]:
        return self.written


class Bronze:
    """A table without rows."""

    def committed(self, _: str) -> None:
        return None

    def commit(self, files: list[DataFile], *_: Any, **__: Any) -> None:
        assert files == []


def test_warm_workers__each_lands_nothing_and_reads_what_it_was_sent(tmp_path: Path) -> None:
    spark = Spark()
    warm_workers(spark, bronze_layout(str(tmp_path)), _HORIZON)  # type: ignore[arg-type]
    assert spark.tasks == 2
    assert spark.written == []
    assert next(spark.batches, None) is None, "a worker that leaves something unread is not used again"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_land__waits_for_warm_workers(tmp_path: Path) -> None:
    (tmp_path / "metadata").write_text(json.dumps({"id": "query"}))
    may_end, spark = threading.Event(), Spark()
    spark.batches = iter([])
    warming = threading.Thread(target=may_end.wait)
    warming.start()
    batches = _Batches(Bronze(), bronze_layout(str(tmp_path)), IngestOptions(str(tmp_path), str(tmp_path), _HORIZON), warming)  # type: ignore[arg-type]
    landing = threading.Thread(target=batches.land, args=(spark, 0))
    landing.start()
    landing.join(0.2)
    assert spark.tasks == 0, "no task starts before its worker has"
    may_end.set()
    landing.join()
    assert spark.tasks == 2
