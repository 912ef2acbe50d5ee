"""`make limits`: measure what stands in the way of goals that were not reached, and write docs/limits.md from it."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import ingest, ingest_parts
from benchmarks.harness import Report
from benchmarks.limits_page import render
from benchmarks.preload import empty_broker, preloaded_broker, simulated_records, simulation_options
from benchmarks.processes import ROOT, run_process
from benchmarks.results import circumstances
from benchmarks.simulate import BENCH, simulate
from benchmarks.simulate_parts import PARTS
from playhead.settings import get_settings

MEASURED = Path(__file__).parent / "limits.json"
PAGE = ROOT / "docs" / "limits.md"
# Every module that `playhead simulate` reads on its way to Kafka.
_START = "import playhead.cli_simulate, playhead.events.simulator, playhead.io.kafka, playhead.io.topics, rich.progress"


def measure(state_dir: Path, size: int, runs: int, report: Report) -> dict[str, Any]:
    """What is measured of each bench, and the machine that it was measured on."""
    state_dir.mkdir(parents=True, exist_ok=True)
    return {"ingest": _ingest(state_dir, size, runs, report), "simulate": _simulate(state_dir, size, runs, report)} | circumstances()


def _ingest(state_dir: Path, size: int, runs: int, report: Report) -> dict[str, Any]:
    """Microseconds of processor time per landed record, by its parts."""
    report(f"limits: simulating {size:,} records (kept for the next time)")
    records = simulated_records(state_dir, size)
    producer_id = simulation_options(size).producer_id
    found: dict[str, list[float]] = {name: [] for name in ingest_parts.PARTS}
    with preloaded_broker(state_dir, records, size, producer_id, lambda text: report(f"limits: {text}")) as bootstrap:
        for run in range(1, runs + 1):
            for name in found:
                report(f"limits {run}/{runs}: {name}")
                with tempfile.TemporaryDirectory(prefix="limits-", dir=state_dir) as place:
                    arguments = ["-m", "benchmarks.ingest_parts", name, "--bootstrap", bootstrap]
                    found[name].append(round(_told(arguments, bootstrap, Path(place)), 3))
    return {"goal": ingest.BENCH.goal.ratios["python_consumer"], "records": size, "us": found}


def _simulate(state_dir: Path, size: int, runs: int, report: Report) -> dict[str, Any]:
    """Microseconds of processor time per record: of each part, of the client alone, of starting, and of `playhead simulate` as a whole."""
    report(f"limits: simulating {size:,} records (kept for the next time)")
    records = simulated_records(state_dir, size, is_valid=True)
    with tempfile.TemporaryDirectory(prefix="limits-", dir=state_dir) as directory, empty_broker(state_dir) as bootstrap:
        count = json.loads((records.parent / "simulator" / "simulation.json").read_text(encoding="utf-8"))["records"]
        turns = _turns(bootstrap, size, count, records)
        found: dict[str, list[float]] = {name: [] for name in turns}
        for run in range(1, runs + 1):
            for name, turn in turns.items():
                report(f"limits {run}/{runs}: {name}")
                with tempfile.TemporaryDirectory(dir=directory) as place:
                    found[name].append(round(turn(Path(place)), 3))
    return {"goal": BENCH.goal.at_least["per_cpu_s"], "records": count, "us": found}


def _turns(bootstrap: str, size: int, count: int, records: Path) -> dict[str, Callable[[Path], float]]:
    """What is measured, by name: each is given a directory, and gives microseconds of processor time per record."""
    producer_id = simulation_options(size, is_valid=True).producer_id
    client = ["-m", "benchmarks.peers.prebuilt_producer", "--bootstrap", bootstrap, "--producer-id", producer_id]
    of_parts = {
        name: partial(_told, ["-m", "benchmarks.simulate_parts", name, "--size", str(size), "--records", str(records)], bootstrap)
        for name in PARTS
    }
    return {
        "client": partial(_told, [*client, "--records", str(records)], bootstrap),
        **of_parts,
        "start": lambda place: run_process(["-c", _START], place).cpu_s * 1e6 / count,
        "ours": lambda place: 1e6 / simulate(bootstrap, size, records.parent, place)[1]["per_cpu_s"],
    }


def _told(arguments: list[str], bootstrap: str, place: Path) -> float:
    told: Mapping[str, float] = json.loads(run_process(arguments, place, bootstrap).output)
    return told["cpu_s"] * 1e6 / told["records"]


def main() -> None:
    """Measure, keep what was measured, and write the page; `--page` writes the page alone."""
    parser = argparse.ArgumentParser(prog="benchmarks.limits", description=__doc__)
    parser.add_argument("--runs", type=int, default=BENCH.runs, help="how often each is measured")
    parser.add_argument("--size", type=int, default=BENCH.size, help="records")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    if not arguments.page:
        measured = measure(get_settings().home / "bench", arguments.size, arguments.runs, print)
        MEASURED.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(render(json.loads(MEASURED.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
