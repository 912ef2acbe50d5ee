"""Where simulated records go: Kafka, by way of the ledger, or files that an independent recomputation reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import parquet

from playhead.events.ledger import Ledger
from playhead.events.simulator.days import SimulatedDay

# One group of the ledger, so one fsync, and one wait for the broker.
BATCH = 20_000
Sent = Callable[[int], None]


class Sink(Protocol):
    """Takes the days of a simulation in order."""

    def write(self, day: SimulatedDay, sent: Sent) -> int:
        """Writes one day's records, telling `sent` how many it is done with; returns how many were new."""

    def close(self) -> None:
        """Called once after the last day."""


class Sender(Protocol):
    """What the Kafka sink needs of events.producer.Producer."""

    ledger: Ledger

    def send_batches(self, batches: Iterable[pa.RecordBatch], before: Sent, acknowledged: Sent) -> None:
        """Sends the rows under their own sequences and returns once all are acknowledged."""

    def close(self) -> None:
        """Closes the ledger."""


class KafkaSink:
    """Sends what the ledger does not show as acknowledged, each record under its own sequence, at most `rate` a second (0: no limit)."""

    def __init__(self, producer: Sender, rate: float) -> None:
        """Reads the acknowledgements of earlier runs."""
        self._producer = producer
        self._acked: NDArray[np.int64] = producer.ledger.acked_sequences().to_numpy()
        self._rate = rate
        self._batch = BATCH if rate == 0 else max(1, min(BATCH, int(rate)))
        self._due = time.monotonic()

    def write(self, day: SimulatedDay, sent: Sent) -> int:
        """Sends the day's records that are still missing."""
        missing = self._missing(day.records)
        sent(day.records.num_rows - missing.num_rows)
        self._producer.send_batches(missing.to_batches(max_chunksize=self._batch), self._pace, sent)
        return int(missing.num_rows)

    def close(self) -> None:
        """Lets go of the ledger."""
        self._producer.close()

    def _missing(self, records: pa.Table) -> pa.Table:
        if not len(self._acked):
            return records
        sequences = records["sequence"].to_numpy()
        places = np.minimum(np.searchsorted(self._acked, sequences), len(self._acked) - 1)
        return records.filter(pa.array(self._acked[places] != sequences))

    def _pace(self, count: int) -> None:
        if self._rate:
            time.sleep(max(0.0, self._due - time.monotonic()))
            self._due = max(self._due, time.monotonic()) + count / self._rate


class ParquetSink:
    """One file a day: sequence, topic, key, kind (valid, duplicate, late, bad:<class>) and the exact bytes in `value`."""

    _COLUMNS = ("sequence", "topic", "key", "kind", "value")

    def __init__(self, directory: Path) -> None:
        """Clears an earlier simulation's files from `directory`."""
        self._directory = _cleared(directory, "part-*.parquet")

    def write(self, day: SimulatedDay, sent: Sent) -> int:
        """Writes the day's file, whole or not at all."""
        path = self._directory / f"part-{day.day}.parquet"
        partial = path.with_suffix(".partial")
        parquet.write_table(day.records.select(list(self._COLUMNS)), partial, compression="zstd", use_dictionary=["topic", "key", "kind"])
        partial.replace(path)
        sent(day.records.num_rows)
        return int(day.records.num_rows)

    def close(self) -> None:
        """Nothing to close: every file is whole already."""


class JsonlSink:
    """One file per topic: the raw values, a line each, in the order they are handed over."""

    def __init__(self, directory: Path) -> None:
        """Clears an earlier simulation's files from `directory`."""
        self._directory = _cleared(directory, "*.jsonl")
        self._files: dict[str, IO[bytes]] = {}

    def write(self, day: SimulatedDay, sent: Sent) -> int:
        """Appends the day's values to the files of their topics."""
        for topic in pc.unique(day.records["topic"]).to_pylist():
            if topic not in self._files:
                self._files[topic] = (self._directory / f"{topic}.jsonl").open("wb")
            values = day.records.filter(pc.equal(day.records["topic"], topic))["value"]
            self._files[topic].write(b"".join(value + b"\n" for value in values.to_pylist()))
        sent(day.records.num_rows)
        return int(day.records.num_rows)

    def close(self) -> None:
        """Closes the files."""
        for file in self._files.values():
            file.close()


def _cleared(directory: Path, pattern: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.glob(pattern):
        path.unlink()
    return directory
