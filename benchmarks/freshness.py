"""How old events are when bronze shows them: 2,000 events per second, by the product's producer, with the streaming app beside it alone.

The figure is the median age of a row at its commit: the timestamp of the commit in the Delta log less the row's event_timestamp, every
row counting once; both are read off this machine's clock. Its parts: the producer (ledger and acknowledgement), Kafka, the wait for the
next batch, the batch. `live_p50_s` and `live_p99_s` are those ages when gold.qoe_live first told of the row. The first tenth of the events
is left out, it pays for the warm-up. There is no peer: the goal is absolute.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.bronze_table import Commit, commits
from benchmarks.harness import Bench, Goal, Measurement
from benchmarks.live_stream import difference, live_stream, prepared

RATE = 2_000
_APP = "app"
_AGES = """
SELECT quantile_cont(age_s, 0.5) AS p50_s, quantile_cont(age_s, 0.99) AS p99_s, max(age_s) AS max_s
FROM (
    SELECT (at_ms - epoch_ms(event_timestamp)) / 1000 AS age_s
    FROM read_parquet($files, filename = true, hive_partitioning = false)
    JOIN (SELECT unnest($files) AS filename, unnest($at_ms) AS at_ms) USING (filename)
    WHERE producer_sequence >= $first)
"""


def _run(records: Path, size: int, directory: Path) -> Measurement:
    with live_stream(directory) as stream:
        with stream.app(_APP, rules=stream.no_rules()) as app:
            stream.wait_started(app, _APP)
            with stream.sender(records, RATE, size):
                pass
            stream.wait_landed(app, _APP, size)
            stream.wait_shown_live(app, _APP)
        landings = commits(stream.table)
        ages = row_ages(stream.table, landings, first=size // 10)
        live = row_ages(stream.table, stream.shown_live(landings), first=size // 10)
        ages |= {f"live_{name}": age for name, age in live.items()}
        return Measurement(ages["p50_s"], stream.books(), ages | {"commits": len(landings)})


def row_ages(table: Path, landings: Sequence[Commit], *, first: int) -> dict[str, float]:
    """Median, 99th percentile and greatest age in seconds that rows from the sender's number `first` on had when they were committed."""
    files = [(str(table / file), landing.at_ms) for landing in landings for file in landing.files]
    found = duckdb.execute(_AGES, {"files": [file for file, _ in files], "at_ms": [at_ms for _, at_ms in files], "first": first})
    return {column[0]: round(value, 3) for column, value in zip(found.description, found.fetchall()[0], strict=True)}


BENCH = Bench(
    name="freshness",
    unit="s from event to commit, median",
    goal=Goal(
        "a median of at most 0.8 s, a 99th percentile of at most 1.5 s; live numbers within 5 s",
        {},
        "lower",
        at_most={"p50_s": 0.8, "p99_s": 1.5, "live_p99_s": 5},
    ),
    size=600_000,
    prepare=prepared("freshness", _run),
    difference=difference,
)
