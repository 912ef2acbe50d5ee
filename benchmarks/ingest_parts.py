"""One part of what landing a record costs, by processor time, in processes that are warm. Prints one line of JSON.

handover: Spark reads Kafka with the product's options and hands the records to Arrow workers, which only count them. consuming: the same
records taken by python_consumer's two processes, and dropped. python_consumer: the whole of it, which lands them.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake import DeltaTable

from benchmarks.broker_records import topic_ends
from benchmarks.cpu_meter import CpuMeter
from benchmarks.ingest import MAX_BATCH_RECORDS
from benchmarks.peers import python_consumer as peer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Records, and seconds of processor time that they took.
Spent = tuple[int, float]


def handover(bootstrap: str, directory: Path) -> Spent:
    """Spark's part of the product, once to warm up and once measured."""
    from playhead.jobs.ingest import read_records, with_record_columns
    from playhead.local.jars import ensure_jars
    from playhead.settings import get_settings
    from playhead.spark import INGEST_TASKS, stream_session

    spark = stream_session(ensure_jars(get_settings().cache_dir, "spark"))
    counted: list[int] = []

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pydict({"n": [sum(batch.num_rows for batch in batches)]})

    def hand(records: DataFrame, _number: int) -> None:
        counted.extend(row.n for row in records.coalesce(INGEST_TASKS).mapInArrow(count, "n bigint").collect())

    def read_all(checkpoint: str) -> None:
        records = with_record_columns(read_records(spark, {"bootstrap.servers": bootstrap}, MAX_BATCH_RECORDS))
        writer = records.writeStream.option("checkpointLocation", str(directory / checkpoint)).foreachBatch(hand)
        writer.trigger(availableNow=True).start().awaitTermination()

    read_all("warming")
    counted.clear()
    with CpuMeter() as meter:
        read_all("measured")
    spark.stop()
    return sum(counted), meter.core_s()


def consuming(bootstrap: str, directory: Path) -> Spent:
    """python_consumer's consuming."""
    return _by_all(_consume, bootstrap, directory)


def python_consumer(bootstrap: str, directory: Path) -> Spent:
    """All that python_consumer does."""
    return _by_all(_land, bootstrap, directory)


def _by_all(work: Callable[..., Spent], bootstrap: str, directory: Path) -> Spent:
    table = directory / "bronze"
    peer.create_bronze(table)
    shares = peer.shares(topic_ends(bootstrap), peer.PROCESSES)
    with ProcessPoolExecutor(peer.PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        spent = list(pool.map(work, [bootstrap] * peer.PROCESSES, [table] * peer.PROCESSES, shares))
    return sum(records for records, _ in spent), sum(seconds for _, seconds in spent)


def _consume(bootstrap: str, table: Path, ends: Mapping[tuple[str, int], int]) -> Spent:
    gc.disable()
    bronze, began = DeltaTable(table), time.process_time()
    return sum(len(records) for records in peer.batches(bootstrap, bronze, ends)), time.process_time() - began


def _land(bootstrap: str, table: Path, ends: Mapping[tuple[str, int], int]) -> Spent:
    began = time.process_time()
    return peer.land(bootstrap, table, ends), time.process_time() - began


PARTS: Mapping[str, Callable[[str, Path], Spent]] = {"handover": handover, "consuming": consuming, "python_consumer": python_consumer}


def main() -> None:
    """Work one part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=sorted(PARTS))
    parser.add_argument("--bootstrap", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as directory:
        records, cpu_s = PARTS[arguments.part](arguments.bootstrap, Path(directory).resolve())
    print(json.dumps({"records": records, "cpu_s": round(cpu_s, 3)}))


if __name__ == "__main__":
    main()
