"""The ledger: what a producer says it sent and what the broker acknowledged, on disk before anyone relies on it (DESIGN invariant 1).

Append-only CSV segments, one directory per producer: `<directory>/<producer_id>/sent-<n>.csv` (sequence, event_id, topic, digest) and
`acked-<n>.csv` (sequence). A group is fsynced before its call returns, so a sent row is durable before its bytes reach the broker. Every
opening begins new segments: a line torn by a crash stays the last of its file, where readers leave it out. A segment takes rows for a day
at most, so that a reader of the last days can leave the others closed.
"""

from __future__ import annotations

import fcntl
import io
import os
import time
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import IO, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from playhead.errors import LockHeldError, PlayheadError

SENT_SCHEMA = pa.schema([("sequence", pa.int64()), ("event_id", pa.string()), ("topic", pa.string()), ("digest", pa.string())])
ACKED_SCHEMA = pa.schema([("sequence", pa.int64())])
_SEGMENT_BYTES = 64 * 1024 * 1024
SEGMENT_SPAN = timedelta(days=1)
_DISCONNECTED = "disconnected"
_TAIL_BYTES = 4096  # more than any line has
_WRITE = csv.WriteOptions(include_header=False, quoting_style="needed")


def digest(value: bytes) -> str:
    """BLAKE2b-128 of the exact bytes of a record, as hex."""
    return blake2b(value, digest_size=16).hexdigest()


class _Segments:
    """One kind of append-only file (`sent` or `acked`), rotated by size and age."""

    def __init__(self, directory: Path, kind: str, schema: pa.Schema) -> None:
        self._directory = directory
        self._kind = kind
        self._schema = schema
        self._file: IO[bytes] | None = None
        self._begun_at = 0.0

    def append(self, rows: pa.Table) -> None:
        """Writes the rows and returns once they are on disk."""
        if rows.num_rows == 0:
            return
        text = io.BytesIO()
        csv.write_csv(rows.select(self._schema.names).cast(self._schema), text, _WRITE)
        file = self._current()
        file.write(text.getbuffer())
        file.flush()
        os.fsync(file.fileno())

    def close(self) -> None:
        """Closes the segment that is being written."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _current(self) -> IO[bytes]:
        is_old = time.time() - self._begun_at >= SEGMENT_SPAN.total_seconds()
        if self._file is not None and (is_old or self._file.tell() >= _SEGMENT_BYTES):
            self.close()
        if self._file is None:
            number = max(map(_number, _segments(self._directory, self._kind)), default=-1) + 1
            self._file = (self._directory / f"{self._kind}-{number}.csv").open("xb")
            self._begun_at = time.time()
            _sync_directory(self._directory)
        return self._file


class Ledger:
    """The ledger of one producer. One process at a time holds it; another one gets a LockHeldError."""

    def __init__(self, directory: Path, producer_id: str) -> None:
        """Opens (or begins) the ledger of `producer_id` under `directory`."""
        if not producer_id or Path(producer_id).name != producer_id:
            raise PlayheadError(f"producer id {producer_id!r} cannot name a directory; use letters, digits, - and _")
        self.producer_id = producer_id
        self.path = directory / producer_id
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = (self.path / "lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise LockHeldError(f"another process writes the ledger {self.path}; stop it, or use another producer id") from error
        sent = _read_segments(self.path, "sent", SENT_SCHEMA)
        self.next_sequence: int = (pc.max(sent["sequence"]).as_py() + 1) if sent.num_rows else 0
        self._sent = _Segments(self.path, "sent", SENT_SCHEMA)
        self._acked = _Segments(self.path, "acked", ACKED_SCHEMA)

    def record_sent(self, rows: pa.Table) -> None:
        """Says durably that these rows are about to be handed to the broker; call it before they are."""
        self._sent.append(rows)
        if rows.num_rows:
            self.next_sequence = max(self.next_sequence, pc.max(rows["sequence"]).as_py() + 1)

    def record_acked(self, sequences: pa.Array) -> None:
        """Says durably that the broker acknowledged these sequences; call it after it did."""
        self._acked.append(pa.table({"sequence": sequences}))

    def note_disconnect(self) -> None:
        """Note that a connection to a broker was lost just now."""
        (self.path / _DISCONNECTED).touch()

    def acked_sequences(self) -> pa.Array:
        """Every sequence acknowledged so far, ascending, each once."""
        sequences = pc.unique(_read_segments(self.path, "acked", ACKED_SCHEMA)["sequence"])
        return pc.take(sequences, pc.array_sort_indices(sequences))

    def close(self) -> None:
        """Closes the files and lets the next process in."""
        self._sent.close()
        self._acked.close()
        self._lock.close()


def disconnected_at(path: Path) -> float | None:
    """When the producer of a ledger lost a connection to a broker last, in seconds since the epoch; None where it never did."""
    mark = path / _DISCONNECTED
    return mark.stat().st_mtime if mark.is_file() else None


def last_sequence(path: Path, kind: Literal["sent", "acked"]) -> tuple[int, float] | None:
    """The last sequence that a producer has entered as sent or acknowledged, and when; None where there is none.

    Only the end of a file is read.
    """
    for segment in reversed(_segments(path, kind)):
        with segment.open("rb") as file:
            file.seek(max(0, segment.stat().st_size - _TAIL_BYTES))
            lines = file.read().rpartition(b"\n")[0].splitlines()
            if lines:
                return int(lines[-1].partition(b",")[0]), segment.stat().st_mtime
    return None


def read_ledger(directory: Path, *, since: datetime | None = None) -> tuple[pa.Table, pa.Table]:
    """(sent, acked) of every producer under `directory`, each row once, with its producer_id.

    A row that was sent again after a crash appears once, unless its bytes differed: then both digests appear. With `since`, only segments
    that were written to from then on are opened: they hold every row from then on, and rows of up to SEGMENT_SPAN before.
    """
    producers = sorted(path for path in directory.iterdir() if path.is_dir()) if directory.is_dir() else []
    return _read_all(producers, "sent", SENT_SCHEMA, since), _read_all(producers, "acked", ACKED_SCHEMA, since)


def _read_all(producers: list[Path], kind: str, schema: pa.Schema, since: datetime | None) -> pa.Table:
    tables = [pa.schema([("producer_id", pa.string()), *schema]).empty_table()]
    for path in producers:
        rows = _read_segments(path, kind, schema, since)
        if not _ascends(rows["sequence"].to_numpy()):
            rows = rows.group_by(schema.names).aggregate([]).select(schema.names).sort_by("sequence")
        tables.append(rows.add_column(0, "producer_id", pa.repeat(pa.scalar(path.name), rows.num_rows)))
    return pa.concat_tables(tables)


def _ascends(sequences: NDArray[np.int64]) -> bool:
    """Whether each is above the one before, as a producer that nothing interrupts writes them: then none is there twice."""
    return bool((sequences[1:] > sequences[:-1]).all())


def _read_segments(path: Path, kind: str, schema: pa.Schema, since: datetime | None = None) -> pa.Table:
    written = [segment for segment in _segments(path, kind) if since is None or segment.stat().st_mtime >= since.timestamp()]
    return pa.concat_tables([schema.empty_table(), *(_read_segment(segment, schema) for segment in written)])


def _segments(path: Path, kind: str) -> list[Path]:
    """The segments of one kind, as they were begun one after the other."""
    return sorted(path.glob(f"{kind}-*.csv"), key=_number)


def _number(segment: Path) -> int:
    return int(segment.stem.rpartition("-")[2])


def _read_segment(path: Path, schema: pa.Schema) -> pa.Table:
    """The whole lines of a segment; what follows the last line break was torn by a crash and never confirmed."""
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if not whole:
        return schema.empty_table()
    return csv.read_csv(
        io.BytesIO(whole),
        read_options=csv.ReadOptions(column_names=schema.names),
        convert_options=csv.ConvertOptions(column_types=schema, strings_can_be_null=False),
    )


def _sync_directory(path: Path) -> None:
    """Makes a new file's name durable, not only its bytes."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
