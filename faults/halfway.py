"""What workers and tasks run that stand still halfway."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from playhead.io.delta_append import DataFile, Layout, write_data_file


def write_half(tables: Iterator[pa.Table], layout: Layout, day: date) -> DataFile | None:
    """Write the rows as the app does, and wait for the end before the file has its own."""
    pq.ParquetWriter.close = lambda _: signal.pause()
    return write_data_file(tables, layout, day)


def stand_still_once(sign: Path) -> None:
    """Tell by a file which process this is, and stand still until it is told to go on; whoever comes after does not."""
    with suppress(FileExistsError), sign.open("x") as file:
        print(os.getpid(), file=file, flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
