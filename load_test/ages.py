"""How old the events of a load are when bronze shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from benchmarks.bronze_table import commits
from benchmarks.paced_events import PRODUCER_ID
from playhead.io.delta_table import table_path
from playhead.settings import Settings

_AGES = """
SELECT quantile_cont(age_s, 0.5), quantile_cont(age_s, 0.99)
FROM (
    SELECT (at_ms - epoch_ms(event_timestamp)) / 1000 AS age_s
    FROM read_parquet($files, filename = true, hive_partitioning = false)
    JOIN (SELECT unnest($files) AS filename, unnest($at_ms) AS at_ms) USING (filename)
    WHERE producer_id = $producer AND event_timestamp >= $first AND event_timestamp < $last)
"""


@dataclass(frozen=True, slots=True)
class Ages:
    """Seconds from the event to the commit that shows it: median and 99th percentile."""

    p50_s: float
    p99_s: float


def row_ages(settings: Settings, first: datetime, last: datetime) -> Ages:
    """The ages of what happened between two moments, every row counting once."""
    table = Path(table_path(settings.lake, "bronze.events"))
    since_ms = first.timestamp() * 1000
    files = [(str(table / file), landing.at_ms) for landing in commits(table) if landing.at_ms >= since_ms for file in landing.files]
    parameters = {"files": [file for file, _ in files], "at_ms": [at_ms for _, at_ms in files]}
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(_AGES, {**parameters, "producer": PRODUCER_ID, "first": first, "last": last})
        ((p50_s, p99_s),) = found.fetchall()
    return Ages(p50_s, p99_s)
