"""One part of what a simulated record costs, alone in a process, by its own processor time. Prints one line of JSON.

Of every part only the work itself is counted: what it works on lies ready before. It works as the product does, in its batches.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.dataset as ds

from benchmarks.preload import TODAY, simulation_options
from playhead.events.ledger import SENT_SCHEMA, Ledger, digest
from playhead.events.simulator.days import build_world, simulated_days
from playhead.events.simulator.memory import kept_memory
from playhead.events.simulator.sinks import BATCH
from playhead.events.simulator.state import recall

_OBJECTS = 100_000  # of the records; all of them as objects would fill the memory of a small machine
# The part, ready to be worked, and how many records it has.
Ready = tuple[Callable[[], object], int]


def _read(records: Path) -> pa.Table:
    return ds.dataset(sorted(records.glob("part-*.parquet"))).to_table(columns=["sequence", "topic", "value"])


def digests(records: Path, _size: int, _directory: Path) -> Ready:
    """The digest that the ledger keeps of a record's bytes."""
    values = _read(records)["value"].to_pylist()
    return lambda: [digest(value) for value in values], len(values)


def ledger(records: Path, _size: int, directory: Path) -> Ready:
    """Rows of the ledger to disk, before a batch is sent and after it was acknowledged; ids and digests are at hand."""
    table = _read(records)
    ids = pa.repeat(pa.scalar("0b2f4f4e-8f0e-4a53-9a5e-3f3f7e0c1a01"), table.num_rows)
    told = pa.repeat(pa.scalar(digest(b"")), table.num_rows)
    rows = pa.table([table["sequence"], ids, table["topic"], told], schema=SENT_SCHEMA)
    kept = Ledger(directory, "simulator")

    def write() -> None:
        for start in range(0, rows.num_rows, BATCH):
            kept.record_sent(rows.slice(start, BATCH))
            kept.record_acked(rows["sequence"].slice(start, BATCH))
        kept.close()

    return write, rows.num_rows


def making(records: Path, size: int, _directory: Path) -> Ready:
    """Events drawn and written as bytes, all of the simulation, and sent nowhere."""
    kept = recall(records.parent, simulation_options(size, is_valid=True), TODAY)

    def make() -> None:
        with kept_memory():
            for _ in simulated_days(build_world(kept.options, kept.anchor)):
                continue

    return make, kept.records


def json_alone(records: Path, _size: int, _directory: Path) -> Ready:
    """What the fastest JSON library takes for the same bytes, from objects that lie ready."""
    events = [orjson.loads(value) for value in _read(records)["value"].slice(0, _OBJECTS).to_pylist()]
    return lambda: [orjson.dumps(event) for event in events], len(events)


PARTS = {"digest": digests, "ledger": ledger, "making": making, "json": json_alone}


def main() -> None:
    """Work one part by the clock of this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--size", type=int, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
        work, count = PARTS[arguments.part](arguments.records, arguments.size, Path(directory))
        gc.disable()  # millions of live objects, none of them cyclic
        began = time.process_time()
        work()
        print(json.dumps({"records": count, "cpu_s": time.process_time() - began}))


if __name__ == "__main__":
    main()
