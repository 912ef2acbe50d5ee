"""`make bench`: run benches, show what they found, and end each with one line of JSON."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.harness import OURS, Bench, alternate, summarise
from benchmarks.registry import BENCHES
from benchmarks.results import append_result, circumstances, goal_of, last_results, limited_spread, render, shown, spread
from playhead.settings import get_settings

_HERE = Path(__file__).parent


def run_bench(bench: Bench, *, runs: int, size: int, state_dir: Path) -> dict[str, Any]:
    """Prepare and run one bench under a progress bar; returns its result."""
    state_dir.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(bench.name, total=None)
        with (
            bench.prepare(state_dir, size, lambda text: bar.update(task, description=text)) as contestants,
            tempfile.TemporaryDirectory(prefix=f"{bench.name}-", dir=state_dir) as work_dir,
        ):
            bar.update(task, total=runs * len(contestants))
            turns = alternate(
                bench,
                contestants,
                runs=runs,
                size=size,
                work_dir=Path(work_dir),
                begin=lambda text: bar.update(task, description=text),
                end=lambda: bar.advance(task),
            )
    return summarise(bench, turns, size) | circumstances()


def show(result: Mapping[str, Any], console: Console) -> None:
    """The contestants' figures as a table."""
    verdict = "met" if result["met"] else "not met"
    table = Table(
        "contestant", title=f"{result['bench']} ({result['unit']}), size {result['size']:,}: goal {verdict}", title_justify="left"
    )
    for column in ("median", "min", "max", "ours / it", "goal"):
        table.add_column(column, justify="right")
    for name, median, least, most, ratio in spread(result):
        table.add_row(name, shown(median), shown(least), shown(most), "" if ratio is None else f"{ratio:.2f}", goal_of(result, name))
    for name, median, least, most, limit in limited_spread(result):
        table.add_row(f"{OURS}: {name}", shown(median), shown(least), shown(most), "", limit)
    console.print(table)


def main() -> None:
    """Run one bench, or all of them; RESULTS.md follows the kept results."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(BENCHES), help="which bench; all of them where it is left out")
    parser.add_argument("--runs", type=int, help="alternations; by default five, of long benches fewer")
    parser.add_argument("--size", type=int, help="records; by default what the bench's goal is stated for")
    parser.add_argument("--results", type=Path, default=_HERE / "results", help="where lines of JSON are kept")
    arguments = parser.parse_args()
    state_dir = get_settings().home / "bench"
    console = Console()
    for bench in [BENCHES[arguments.name]] if arguments.name else BENCHES.values():
        result = run_bench(bench, runs=arguments.runs or bench.runs, size=arguments.size or bench.size, state_dir=state_dir)
        show(result, console)
        print(append_result(arguments.results, result))
    report = render(last_results(arguments.results))
    (arguments.results.parent / "RESULTS.md").write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main()
