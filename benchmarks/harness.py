"""One way to measure: contestants take turns, must produce equal rows, and are judged by the medians of their figures."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

OURS = "ours"

Report = Callable[[str], None]


class UnequalRowsError(Exception):
    """Contestants did not produce the same rows, so their figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One turn of one contestant: its figure, what it produced (compared between contestants), and what else is worth keeping."""

    figure: float
    produced: Any
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contestant:
    """Ours or a peer. `run` does the whole work in a fresh directory and measures it."""

    name: str
    run: Callable[[Path], Measurement]


Prepare = Callable[[Path, int, Report], AbstractContextManager[Sequence[Contestant]]]


@dataclass(frozen=True, slots=True)
class Goal:
    """What ours is held to: its figure as a ratio of each peer's, at least (figures where more is better) or at most.

    `at_least` and `at_most` are absolute limits on ours alone, by the name of a detail of its turns (`figure` is the figure itself).
    """

    text: str
    ratios: Mapping[str, float]
    better: Literal["higher", "lower"] = "higher"
    at_least: Mapping[str, float] = field(default_factory=dict)
    at_most: Mapping[str, float] = field(default_factory=dict)

    @property
    def limited(self) -> list[str]:
        """The names that have an absolute limit."""
        return list(dict.fromkeys([*self.at_least, *self.at_most]))

    def is_met(self, ratios: Mapping[str, float], figures: Mapping[str, float]) -> bool:
        """Whether every peer's ratio, and every limited figure of ours, is within the goal."""
        if self.better == "higher":
            within = all(ratios[peer] >= least for peer, least in self.ratios.items())
        else:
            within = all(ratios[peer] <= most for peer, most in self.ratios.items())
        return (
            within
            and all(figures[name] >= least for name, least in self.at_least.items())
            and all(figures[name] <= most for name, most in self.at_most.items())
        )


@dataclass(frozen=True, slots=True)
class Bench:
    """One measurement side by side.

    `prepare` is given the state directory, the size and a place to report to; while it is open, its contestants can run.
    `difference` is given what each produced, and the size; it says what is unequal, or None.
    `runs` is how many alternations there are where nobody asks for another number.
    """

    name: str
    unit: str
    goal: Goal
    size: int
    prepare: Prepare
    difference: Callable[[Mapping[str, Any], int], str | None]
    runs: int = 5


@dataclass(frozen=True, slots=True)
class Turn:
    """What one contestant did in one alternation."""

    alternation: int
    contestant: str
    figure: float
    details: Mapping[str, Any]


def alternate(
    bench: Bench,
    contestants: Sequence[Contestant],
    *,
    runs: int,
    size: int,
    work_dir: Path,
    begin: Report = lambda _text: None,
    end: Callable[[], None] = lambda: None,
) -> list[Turn]:
    """Run all contestants in turn, `runs` times over. Rows are compared after each alternation, so that the first one decides early.

    `begin` is told of each turn before it, `end` is called after it.

    Raises:
        UnequalRowsError: the contestants did not produce the same rows.
    """
    turns: list[Turn] = []
    for alternation in range(1, runs + 1):
        produced = {}
        for contestant in contestants:
            begin(f"{bench.name} {alternation}/{runs}: {contestant.name}")
            directory = work_dir / f"{alternation}-{contestant.name}"
            directory.mkdir(parents=True)
            measured = contestant.run(directory)
            shutil.rmtree(directory)
            produced[contestant.name] = measured.produced
            turns.append(Turn(alternation, contestant.name, measured.figure, measured.details))
            end()
        difference = bench.difference(produced, size)
        if difference is not None:
            raise UnequalRowsError(f"{bench.name}: {difference}; the figures are not kept")
    return turns


def digests_differ(produced: Mapping[str, Mapping[str, Any]], least: int) -> str | None:
    """What is unequal where each produced `rows` and a `digest` of them: fewer rows than there must be, or other ones."""
    for name, found in produced.items():
        if found["rows"] < least:
            return f"{name} holds {found['rows']} rows where at least {least} were to be"
    return None if len({(found["rows"], found["digest"]) for found in produced.values()}) == 1 else f"rows differ: {produced}"


def figures_by_contestant(turns: Iterable[Mapping[str, Any]]) -> dict[str, list[float]]:
    """The figures of each contestant, in the order of the turns."""
    figures: dict[str, list[float]] = {}
    for turn in turns:
        figures.setdefault(turn["contestant"], []).append(turn["figure"])
    return figures


def summarise(bench: Bench, turns: Sequence[Turn], size: int) -> dict[str, Any]:
    """The bench's result: medians, ratios of ours to each peer, the figures that have a limit, and whether the goal is met."""
    runs = [{"alternation": t.alternation, "contestant": t.contestant, "figure": round(t.figure, 3), **t.details} for t in turns]
    medians = {name: statistics.median(figures) for name, figures in figures_by_contestant(runs).items()}
    ours = medians.pop(OURS)
    ratios = {peer: round(ours / figure, 3) for peer, figure in medians.items()}
    limited = {name: statistics.median(run[name] for run in runs if run["contestant"] == OURS) for name in bench.goal.limited}
    return {
        "bench": bench.name,
        "ours": ours,
        "peers": medians,
        "ratio": ratios,
        "unit": bench.unit,
        "limited": limited,
        "goal": {
            "text": bench.goal.text,
            "better": bench.goal.better,
            "ratios": dict(bench.goal.ratios),
            "at_least": dict(bench.goal.at_least),
            "at_most": dict(bench.goal.at_most),
        },
        "met": bench.goal.is_met(ratios, limited),
        "runs": runs,
        "size": size,
    }
