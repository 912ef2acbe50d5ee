"""How old the events of a load are when bronze shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks import bronze_table
from benchmarks.paced_events import PRODUCER_ID
from playhead.io.delta_table import table_path
from playhead.settings import Settings

_HAPPENED = "producer_id = $producer AND event_timestamp >= $first AND event_timestamp < $last"


@dataclass(frozen=True, slots=True)
class Ages:
    """Seconds from the event to the commit that shows it: median and 99th percentile."""

    p50_s: float
    p99_s: float


def row_ages(settings: Settings, first: datetime, last: datetime) -> Ages:
    """The ages of what happened between two moments, every row counting once."""
    table = Path(table_path(settings.lake, "bronze.events"))
    landings = [landing for landing in bronze_table.commits(table) if landing.at_ms >= first.timestamp() * 1000]
    ages = bronze_table.row_ages(table, landings, _HAPPENED, producer=PRODUCER_ID, first=first, last=last)
    return Ages(ages["p50_s"], ages["p99_s"])
