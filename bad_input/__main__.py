"""`python -m bad_input`: bad input at scale; ends with one line of JSON, and with 1 where a record did not become what it must."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bad_input.classes import CLASSES
from bad_input.judge import Verdict
from bad_input.run import restarts, run
from benchmarks.batch_engine import engine_address
from benchmarks.live_stream import LiveStream, live_stream
from benchmarks.processes import environment, run_command
from playhead.quality.accounting import Accounts, take_accounts
from playhead.settings import get_settings

RECORDS = 100_000


def show(verdict: Verdict, console: Console) -> None:
    """The classes as a table, with what is wrong in each."""
    table = Table("class", "reasons", "right", "wrong")
    for name, each in CLASSES.items():
        wrong = ", ".join(f"{found[name]} {what}" for what, found in verdict.wrong.items() if found[name])
        table.add_row(name, "refused" if each.is_refused else ", ".join(each.reasons), str(verdict.right[name]), wrong)
    console.print(table)


def summarise(verdict: Verdict, books: Accounts, restarted: int, seconds: float) -> dict[str, int | float]:
    """Everything in a few numbers."""
    classes = CLASSES.values()
    return {
        "records": verdict.right.total() + sum(found.total() for found in verdict.wrong.values()) - verdict.doubled.total(),
        "classes": len(classes),
        "bad_classes": sum(not each.is_valid for each in classes),
        "classes_seen": len(verdict.right),
        **{name: found.total() for name, found in verdict.wrong.items()},
        "unaccounted": books.unaccounted,
        "is_balanced": int(books.is_balanced),
        "restarts": restarted,
        "seconds": round(seconds, 1),
    }


@contextmanager
def _scene() -> Iterator[LiveStream]:
    state_dir = get_settings().home / "bad_input"
    state_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bad-input-", dir=state_dir) as directory, live_stream(Path(directory)) as stream:
        yield stream


def build(stream: LiveStream) -> Accounts:
    """Build everything that has landed, and take the books."""
    with engine_address(stream.directory) as engine:
        variables = environment(stream.bootstrap, stream.directory) | {"PLAYHEAD_SPARK_REMOTE": engine}
        run_command([sys.executable, "-m", "playhead.cli", "build", "daily"], stream.directory, variables)
    return take_accounts(str(stream.directory / "lake"), stream.directory / "ledger")


def main() -> None:
    """Send, land, judge, build."""
    parser = argparse.ArgumentParser(prog="bad_input", description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS, help="how many, of all classes in turn")
    arguments = parser.parse_args()
    began = time.monotonic()
    with _scene() as stream:
        verdict = run(stream, arguments.records)
        show(verdict, Console())
        restarted = restarts(stream)
        books = build(stream)
    print(json.dumps(summarise(verdict, books, restarted, time.monotonic() - began)))
    sys.exit(not (verdict.is_right and books.is_balanced and len(verdict.right) == len(CLASSES)))


if __name__ == "__main__":
    main()
