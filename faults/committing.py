"""`python -m faults.committing DIRECTORY WRITER OTHER COUNT`: commit to a table so often, each time when another writer does."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from playhead.contracts.model import load_contract
from playhead.io.delta_append import AppendedTable, DataFile, Layout

_TOGETHER_WITHIN_S = 60


def table_of(directory: Path) -> Path:
    """Where the table lies."""
    return directory / "table"


def open_table(directory: Path) -> AppendedTable:
    """The table, made where there is none."""
    layout = Layout(str(table_of(directory)), day_column="landed_date", skipped_by="event_hour", clustered_by="family")
    return AppendedTable(layout, load_contract("bronze.events"), {"delta.dataSkippingStatsColumns": "event_hour"})


def commit_beside(directory: Path, writer: str, other: str, count: int) -> None:
    """Commit `count` files that only the log knows; each commit waits until the other writer has come as far."""
    table = open_table(directory)
    for number in range(count):
        (directory / f"{writer}-{number}").touch()
        _wait_for(directory / f"{other}-{number}")
        table.commit([DataFile(f"{writer}-{number}.parquet", 1, 1, "{}")], datetime.now(UTC).date(), writer, number)


def _wait_for(sign: Path) -> None:
    deadline = time.monotonic() + _TOGETHER_WITHIN_S
    while not sign.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{sign.name} never came")


if __name__ == "__main__":
    commit_beside(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
