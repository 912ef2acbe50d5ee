"""Viewers to Kafka: valid events made, entered in the ledger, sent and acknowledged by all replicas.

The figure is records per second, from the first simulated viewer to the last acknowledgement; the start of the process counts for nobody.
`per_cpu_s` is records per second of processor time: of ours the whole process, its start included; of the peer its sending alone.

ours: `playhead simulate`, which makes the events while it sends them. prebuilt_producer: librdkafka sending the same bytes, made before.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.broker_records import record_digest, topic_ends
from benchmarks.harness import OURS, Bench, Contestant, Goal, Measurement, Report, digests_differ
from benchmarks.preload import empty_broker, simulated_records, simulation_options
from benchmarks.processes import run_process


@contextmanager
def prepare(state_dir: Path, size: int, report: Report) -> Iterator[Sequence[Contestant]]:
    """A broker, the payloads of at least `size` valid records for the peer, and the same simulation for ours."""
    report(f"simulate: simulating {size:,} records (kept for the next time)")
    records = simulated_records(state_dir, size, is_valid=True)
    with empty_broker(state_dir) as bootstrap:
        yield [
            Contestant(OURS, partial(_run, bootstrap, partial(simulate, bootstrap, size, records.parent))),
            Contestant("prebuilt_producer", partial(_run, bootstrap, partial(_send_prebuilt, bootstrap, size, records))),
        ]


def _run(bootstrap: str, send: Callable[[Path], tuple[float, dict[str, int]]], directory: Path) -> Measurement:
    before = topic_ends(bootstrap)
    rate, details = send(directory)
    return Measurement(rate, record_digest(bootstrap, before, topic_ends(bootstrap)), details)


def simulate(bootstrap: str, size: int, home: Path, directory: Path) -> tuple[float, dict[str, int]]:
    """`playhead simulate` into an empty ledger: records per second, and per second of processor time."""
    # With the kept anchor the product makes the very records that the peer sends; no ledger says that any was sent.
    shutil.copytree(home / "simulator", directory / "simulator")
    dials = simulation_options(size, is_valid=True).as_dict().items()
    options = [text for name, value in dials for text in (f"--{name.replace('_', '-')}", str(value))]
    done = run_process(["-m", "playhead.cli", "simulate", "--json", *options], directory, bootstrap)
    summary = json.loads(done.output)
    return summary["sent_now"] / summary["seconds"], {"per_cpu_s": round(summary["sent_now"] / done.cpu_s)}


def _send_prebuilt(bootstrap: str, size: int, records: Path, directory: Path) -> tuple[float, dict[str, int]]:
    producer_id = simulation_options(size, is_valid=True).producer_id
    command = ["-m", "benchmarks.peers.prebuilt_producer", "--bootstrap", bootstrap, "--producer-id", producer_id]
    sent = json.loads(run_process([*command, "--records", str(records)], directory, bootstrap).output)
    return sent["records"] / sent["seconds"], {"per_cpu_s": round(sent["records"] / sent["cpu_s"])}


BENCH = Bench(
    name="simulate",
    unit="records/s",
    goal=Goal(
        "at least 150,000 records per second of processor time, and at least 0.35 times as fast as prebuilt_producer",
        {"prebuilt_producer": 0.35},
        at_least={"per_cpu_s": 150_000},
    ),
    size=1_000_000,
    prepare=prepare,
    difference=digests_differ,
)
