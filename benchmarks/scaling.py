"""`make scaling`: measure how the cost of each step grows with viewers, days and history, and write docs/scaling.md from it."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.batch_engine import batch_engine
from benchmarks.harness import Report
from benchmarks.processes import ROOT
from benchmarks.results import circumstances
from benchmarks.scaling_page import render
from benchmarks.scaling_steps import Size, measure_alerts, measure_size
from playhead.settings import get_settings

MEASURED = Path(__file__).parent / "scaling.json"
PAGE = ROOT / "docs" / "scaling.md"
TIMES = (1, 2, 4)
RATES = (500, 1_000, 2_000)


def sizes(users: int, days: int) -> list[Size]:
    """Three numbers of viewers, and three numbers of days, that begin with the same."""
    return [*(Size(users * times, days) for times in TIMES), *(Size(users, days * times) for times in TIMES[1:])]


def measure(state_dir: Path, users: int, days: int, report: Report) -> dict[str, Any]:
    """All sizes one after the other, each in a directory of its own that goes with it."""
    state_dir.mkdir(parents=True, exist_ok=True)
    measured = []
    with batch_engine(state_dir) as spark:
        # The first builds of a server pay for its warm-up, so one goes before those that count.
        for number, size in enumerate([Size(users, days), *sizes(users, days)]):
            report(f"scaling: {size.users:,} viewers on {size.days} days{'' if number else ' (warm-up)'}")
            with tempfile.TemporaryDirectory(prefix="scaling-", dir=state_dir) as directory:
                found = measure_size(spark, state_dir, Path(directory), size, rebuilds_day=size.users == users)
            measured += [found] if number else []
    alerts = []
    for rate in RATES:
        report(f"scaling: alerts at {rate:,} events per second")
        with tempfile.TemporaryDirectory(prefix="scaling-", dir=state_dir) as directory:
            alerts.append(measure_alerts(state_dir, Path(directory), rate))
    return {"sizes": measured, "alerts": alerts} | circumstances()


def main() -> None:
    """Measure, keep what was measured, and write the page; `--page` writes the page alone."""
    parser = argparse.ArgumentParser(prog="benchmarks.scaling", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000, help="viewers of the smallest size")
    parser.add_argument("--days", type=int, default=7, help="days of the smallest size")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    if not arguments.page:
        measured = measure(get_settings().home / "bench", arguments.users, arguments.days, print)
        MEASURED.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(render(json.loads(MEASURED.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
