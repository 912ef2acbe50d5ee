"""The same loads of events each time; `python -m faults.loads STATE_DIR BOOTSTRAP LEDGERS LOAD` sends one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow.dataset as ds

from benchmarks.preload import kept_simulation
from playhead.events.ledger import Ledger
from playhead.events.producer import Producer, Record
from playhead.events.simulator import SimulationOptions

LOADS = 3
_RECORDS = 3_000
# So many viewers that the records lie within a few hours: a fault is about what happens to events, not about how many hours are built.
_SIMULATION = SimulationOptions(users=400, days=2)
_AT_ONCE = 50  # few, so that a load is many calls, and what happens between them can be hurt


def send_load(state_dir: Path, bootstrap: str, ledgers: Path, load: int) -> None:
    """Send one of the loads; each has a producer and so a ledger of its own."""
    producer = Producer({"bootstrap.servers": bootstrap}, Ledger(ledgers, f"load-{load}"))
    records = read_load(state_dir, load)
    for first in range(0, len(records), _AT_ONCE):
        producer.send(records[first : first + _AT_ONCE])
    producer.close()


def read_load(state_dir: Path, load: int) -> list[Record]:
    """Simulated records with duplicates, bad, late and disordered ones."""
    files = ds.dataset(sorted(kept_simulation(state_dir / "loads", _SIMULATION, _RECORDS).glob("part-*.parquet")))
    share = _RECORDS // LOADS
    rows = files.head(_RECORDS, columns=["topic", "key", "value"]).slice(load * share, share).to_pylist()
    return [Record(row["topic"], row["key"], row["value"], _event_id(row["value"])) for row in rows]


def _event_id(value: bytes) -> str:
    """The id in a record, empty where a bad one has none that can be read."""
    try:
        told = json.loads(value)["event_id"]
    except (ValueError, TypeError, KeyError):
        return ""
    return told if isinstance(told, str) else ""


if __name__ == "__main__":
    send_load(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
