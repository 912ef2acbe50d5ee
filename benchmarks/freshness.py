"""How old events are when bronze shows them: 2,000 events per second, by the product's producer, with the streaming app beside it alone.

The figure is the median age of a row at its commit: the timestamp of the commit in the Delta log less the row's event_timestamp, every
row counting once; both are read off this machine's clock. Its parts: the producer (ledger and acknowledgement), Kafka, the wait for the
next batch, the batch. `live_p50_s` and `live_p99_s` are those ages when gold.qoe_live first told of the row. The first tenth of the events
is left out, it pays for the warm-up. There is no peer: the goal is absolute.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.bronze_table import commits, row_ages
from benchmarks.harness import Bench, Goal, Measurement
from benchmarks.live_stream import difference, live_stream, prepared

RATE = 2_000
_APP = "app"
_AFTER_WARM_UP = "producer_sequence >= $first"


def _run(records: Path, size: int, directory: Path) -> Measurement:
    with live_stream(directory) as stream:
        with stream.app(_APP, rules=stream.no_rules()) as app:
            stream.wait_started(app, _APP)
            live_table = stream.live_table()
            with live_table.noting(), stream.sender(records, RATE, size):
                pass
            stream.wait_landed(app, _APP, size)
            stream.wait_shown_live(app, _APP, live_table)
        landings = commits(stream.table)
        ages = row_ages(stream.table, landings, _AFTER_WARM_UP, first=size // 10)
        live = row_ages(stream.table, live_table.shown(landings), _AFTER_WARM_UP, first=size // 10)
        ages |= {f"live_{name}": age for name, age in live.items()}
        return Measurement(ages["p50_s"], stream.books(), ages | {"commits": len(landings)})


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
