"""`python -m load_test`: a whole stack under load; ends with one line of JSON, and with 1 where something was lost or did not recover."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.paced_events import TEMPLATES
from benchmarks.preload import simulated_records
from benchmarks.processes import ROOT
from load_test.page import shown, summarise, write_page
from load_test.scenario import Load, put_under_load
from playhead.local.stack import Stack
from playhead.settings import Settings, get_settings

PAGE = ROOT / "docs" / "generated" / "load.md"
PORT_BASE = 26_000


@contextmanager
def _stack(home: Path, console: Console) -> Iterator[Settings]:
    """A whole stack with a state of its own, that goes with it."""
    with tempfile.TemporaryDirectory(prefix="stack-", dir=home) as directory:
        settings = Settings(state_dir=Path(directory), port_base=PORT_BASE)
        stack = Stack(settings)
        with console.status("starting a stack") as status:
            stack.up(lambda part, what: status.update(f"starting a stack: {part} {what}"))
        try:
            yield settings
        finally:
            stack.down(lambda _part, _what: None)


def _keep_logs(settings: Settings, home: Path) -> Path:
    """The logs of this stack instead of those kept last, so that one can look at what went wrong in a stack that is gone."""
    kept = home / "logs"
    shutil.rmtree(kept, ignore_errors=True)
    for logs in (settings.home / "logs", settings.home / "airflow" / "logs"):
        shutil.copytree(logs, kept / logs.relative_to(settings.home).parent, symlinks=True, dirs_exist_ok=True)
    return kept


def main() -> None:
    """Bring up a stack, load it, take its books, and write the page."""
    parser = argparse.ArgumentParser(prog="load_test", description=__doc__)
    parser.add_argument("--seconds", type=float, default=Load().seconds, help="how long half of the capacity is sent")
    parser.add_argument("--page", type=Path, default=PAGE, help="where to write what was found")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the stack goes where the run is ended
    home, console = get_settings().home / "soak", Console(stderr=True)
    home.mkdir(parents=True, exist_ok=True)
    with console.status("simulating what events are made of (kept for the next time)"):
        records = simulated_records(home, TEMPLATES, is_valid=True)
    with _stack(home, console) as settings, console.status("under load") as status:
        found = put_under_load(settings, records, Load(seconds=arguments.seconds), status.update)
        summary = summarise(found)
        if not summary["met"]:
            console.print(f"what the stack's programs and tasks wrote is kept in {_keep_logs(settings, home)}")
    write_page(arguments.page, found)
    table = Table("what", "found", title="Under load", title_justify="left")
    for name, value in summary.items():
        table.add_row(name.replace("_", " "), shown(value))
    Console().print(table)
    print(json.dumps(summary))
    sys.exit(not summary["met"])


if __name__ == "__main__":
    main()
