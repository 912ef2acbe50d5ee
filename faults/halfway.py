"""What a worker runs that stands still within a file."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from playhead.io.delta_append import DataFile, Layout, write_data_file


def write_half(tables: Iterator[pa.Table], layout: Layout, day: date) -> DataFile | None:
    """Write the rows as the app does, and wait for the end before the file has its own."""
    pq.ParquetWriter.close = lambda _: signal.pause()
    return write_data_file(tables, layout, day)
