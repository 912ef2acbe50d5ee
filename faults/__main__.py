"""`python -m faults`: run faults and their controls; ends with one line of JSON, and with 1 where one was not survived or not told of."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.processes import ROOT
from faults.alarms import require_prometheus
from faults.matrix import run_matrix
from faults.model import Outcome
from faults.page import alarm_told, is_proven, summarise, told, write_page
from faults.registry import FAULTS
from playhead.errors import StackError
from playhead.settings import get_settings

PAGE = ROOT / "docs" / "generated" / "faults.md"


def show(outcomes: list[Outcome], console: Console) -> None:
    """Faults and controls as a table."""
    table = Table("fault", "without", "s", "alarm", "outcome")
    for outcome in outcomes:
        table.add_row(outcome.fault, outcome.guard, f"{outcome.seconds:.0f}", alarm_told(outcome), told(outcome))
    console.print(table)


def main() -> None:
    """Run one fault, or all of them, and write what came of them into the page."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which faults; all of them where none is named")
    parser.add_argument("--page", type=Path, default=PAGE, help="where to write what came of them")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - FAULTS.keys()):
        parser.error(f"no fault is called {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    chosen = [fault for name, fault in FAULTS.items() if not arguments.names or name in arguments.names]
    try:
        require_prometheus()  # a run must not find that out after minutes
    except StackError as error:
        parser.error(str(error))
    logging.getLogger("playhead.events.producer").setLevel(logging.CRITICAL)  # clients outlive their brokers, and would tell so
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that brokers, engine and disks go where the run is ended
    state_dir = get_settings().home / "faults"
    state_dir.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("faults", total=2 + len(chosen) + sum(fault.guard is not None for fault in chosen), completed=-1)

        def report(text: str) -> None:
            bar.update(task, description=text, advance=1)

        began, outcomes = time.monotonic(), []
        for outcome in run_matrix(state_dir, chosen, report):
            outcomes.append(outcome)
            write_page(arguments.page, FAULTS, [outcome])  # at once: a run takes long, and what it has found stands
    summary = summarise(outcomes) | {"seconds": round(time.monotonic() - began)}
    show(outcomes, Console())
    print(json.dumps(summary))
    sys.exit(not is_proven(summary))


if __name__ == "__main__":
    main()
