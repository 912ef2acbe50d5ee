"""Load the warehouse: gold partitions published since the last load become visible in the BI views, all at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playhead.errors import MismatchError
from playhead.io.load_record import Outcome, record_load
from playhead.io.lock import table_lock
from playhead.warehouse.loader import load_warehouse
from playhead.warehouse.schema import LOAD_LOG

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

logger = logging.getLogger(__name__)


def run_load(connection: SnowflakeConnection, *, lake: str, export_root: Path, run_id: str) -> dict[str, Any]:
    """Load, one load at a time, and return what was loaded (small numbers by table, and the seconds it took).

    Raises:
        LockHeldError: another load is running.
        WarehouseError: the load was refused or does not reconcile; the warehouse is as it was.
    """
    started = time.monotonic()
    with table_lock(lake, LOAD_LOG, holder=run_id), _recorded(lake) as told:
        report = load_warehouse(connection, lake=lake, export_root=export_root, run_id=run_id, loaded_at=datetime.now(UTC))
        told.update(report.rows)
    return report.to_dict() | {"seconds": round(time.monotonic() - started, 1)}


@contextmanager
def _recorded(lake: str) -> Iterator[dict[str, int]]:
    """Record beside the lake what the load in hand comes to; it tells its rows by table."""
    started, rows = time.monotonic(), dict[str, int]()
    outcome: Outcome = "failed"
    try:
        yield rows
        outcome = "loaded" if rows else "unchanged"
    except MismatchError:
        outcome = "mismatched"
        raise
    finally:
        record_load(lake, outcome, at=time.time(), seconds=round(time.monotonic() - started, 1), rows=rows)
