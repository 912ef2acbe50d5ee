"""What benches found: a line of JSON for each run of a bench, and RESULTS.md, which is written from those lines alone."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.harness import OURS, figures_by_contestant

_PACKAGES = {"spark": "pyspark", "delta": "delta-spark", "deltalake": "deltalake", "pyarrow": "pyarrow", "duckdb": "duckdb"}


def circumstances() -> dict[str, Any]:
    """When and on what a bench ran."""
    versions = {name: version(package) for name, package in _PACKAGES.items()}
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": len(os.sched_getaffinity(0)),
        "versions": versions | {"python": platform.python_version()},
    }


def append_result(directory: Path, result: Mapping[str, Any]) -> str:
    """Add a result to its bench's file and return it as its line of JSON."""
    line = json.dumps(result)
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{result['bench']}.json").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    return line


def last_results(directory: Path) -> list[dict[str, Any]]:
    """The last result of every bench, by name."""
    return [json.loads(path.read_text(encoding="utf-8").splitlines()[-1]) for path in sorted(directory.glob("*.json"))]


def spread(result: Mapping[str, Any]) -> list[tuple[str, float, float, float, float | None]]:
    """Of each contestant: name, median, least and greatest figure, and the ratio of ours to it."""
    return [
        (name, statistics.median(figures), min(figures), max(figures), None if name == OURS else result["ratio"][name])
        for name, figures in figures_by_contestant(result["runs"]).items()
    ]


def goal_of(result: Mapping[str, Any], contestant: str) -> str:
    """The goal against a peer, as a reader says it; empty where there is none."""
    sign = ">=" if result["goal"]["better"] == "higher" else "<="
    ratio = result["goal"]["ratios"].get(contestant)
    return "" if ratio is None else f"{sign} {ratio:g}"


def limited_spread(result: Mapping[str, Any]) -> list[tuple[str, float, float, float, str]]:
    """Of each figure of ours that has an absolute limit: name, median, least, greatest, and the limit as a reader says it."""
    goal, spreads = result["goal"], []
    for name, median in result["limited"].items():
        values = [run[name] for run in result["runs"] if run["contestant"] == OURS]
        limits = [f"{sign} {bounds[name]:g}" for sign, bounds in ((">=", goal["at_least"]), ("<=", goal["at_most"])) if name in bounds]
        spreads.append((name, median, min(values), max(values), ", ".join(limits)))
    return spreads


def shown(figure: float) -> str:
    """A figure as a reader wants it: whole where it is large, three digits where it is small."""
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


def render(results: Sequence[Mapping[str, Any]]) -> str:
    """RESULTS.md."""
    lines = ["# Results", "", "Written by `make bench` from `benchmarks/results/*.json`; how to read it is in each bench's docstring."]
    for result in results:
        lines += ["", *_section(result)]
    return "\n".join(lines) + "\n"


def _section(result: Mapping[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    rows = [
        f"| {name} | {_cells(*figures)} | {'' if ratio is None else f'{ratio:.2f}'} | {goal_of(result, name)} |"
        for name, *figures, ratio in spread(result)
    ]
    limited = [f"| {name} | {_cells(*figures)} | {limit} |" for name, *figures, limit in limited_spread(result)]
    if limited:
        rows += ["", "| of ours | median | min | max | limit |", "|-|-:|-:|-:|-|", *limited]
    alternations = max(turn["alternation"] for turn in result["runs"])
    return [
        f"## {result['bench']}",
        "",
        f"Goal: {result['goal']['text']}. **{'Met' if result['met'] else 'Not met'}.**",
        "",
        f"{result['date']}, {result['cores']} cores, size {result['size']:,}, {alternations} alternations; {versions}.",
        "",
        f"| contestant | median ({result['unit']}) | min | max | ours / it | goal |",
        "|-|-:|-:|-:|-:|-|",
        *rows,
    ]


def _cells(*figures: float) -> str:
    return " | ".join(shown(figure) for figure in figures)
