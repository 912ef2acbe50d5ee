"""docs/scaling.md: its words, and the figures that follow from what `make scaling` measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import linear_regression
from typing import Any

from benchmarks.results import shown

VOLUMES = {"10 million": 1e7, "1 billion": 1e9, "100 billion": 1e11}
BUSY = 3  # the busiest hour over the mean one
_DAY_S = 86_400
_MILLION = 1e6
_GIB = 2**30
# Builds and loads a day; what always runs has no runs, and pays its start once.
_RUNS = {"silver": 24, "gold hourly": 24, "gold daily": 1, "warehouse load": 24}
_KNOBS = {
    "Kafka reads": "brokers, and partitions (`PLAYHEAD_TOPIC_PARTITIONS`)",
    "landing": "cores of the machine that the streaming app has to itself (`INGEST_TASKS`), with at least as many partitions",
    "alerts": "partitions: each is a slot of the query, with an app of its own beside landing",
    "silver": "executors: the connection `spark_default` to a cluster; hours are built apart from each other",
    "gold hourly": "executors, as for silver",
    "gold daily": "executors, as for silver; distinct viewers over 30 days want memory beside cores",
    "warehouse load": "the size of the Snowflake warehouse (the connection `snowflake_default`); the export is the batch engine's",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Core-seconds of a step: of each run, and of each million events."""

    fixed: float
    per_million: float

    @classmethod
    def fitted(cls, points: Iterable[tuple[float, float]]) -> Cost:
        """The straight line through (events, core-seconds), by least squares; neither part is below nothing."""
        events, core_s = zip(*points, strict=True)
        line = linear_regression([count / _MILLION for count in events], core_s)
        return cls(max(0.0, line.intercept), max(0.0, line.slope))

    def cores(self, events_a_day: float, runs_a_day: int) -> float:
        """Cores that the busiest hour keeps at work."""
        return (runs_a_day * self.fixed + events_a_day / _MILLION * self.per_million) / _DAY_S * BUSY

    def most_events_a_day(self, cores: int, runs_a_day: int) -> float:
        """Events a day at which the busiest hour takes all cores."""
        left = cores * _DAY_S / BUSY - runs_a_day * self.fixed
        return max(0.0, left) / self.per_million * _MILLION if self.per_million else float("inf")


def costs(measured: Mapping[str, Any]) -> dict[str, Cost]:
    """Of each step, in the data's order."""
    steps = list(measured["sizes"][0]["steps"])
    found = {step: Cost.fitted((size["events"], size["steps"][step]["core_s"]) for size in measured["sizes"]) for step in steps}
    alerts = Cost.fitted((run["events"], run["core_s"]) for run in measured["alerts"])
    return {name: found.get(name, alerts) for name in ("Kafka reads", "landing", "alerts", *steps[2:])}


def render(measured: Mapping[str, Any]) -> str:
    """The whole page."""
    sizes = measured["sizes"]
    by_users = sorted((size for size in sizes if size["days"] == sizes[0]["days"]), key=lambda size: size["users"])
    by_days = sorted((size for size in sizes if size["users"] == sizes[0]["users"]), key=lambda size: size["days"])
    versions = ", ".join(f"{name} {number}" for name, number in measured["versions"].items())
    sections = [
        ["# How cost grows"],
        [
            "Written by `make scaling` from `benchmarks/scaling.json`. Core-seconds are processor time of all processes of a step: a busy",
            "neighbour stretches them little. Landing and alerts include the start of their process, builds include their gates.",
        ],
        [f"{measured['date']}, {measured['cores']} cores; {versions}."],
        *_growth("With viewers", by_users, "viewers", "users"),
        *_growth("With days", by_days, "days", "days"),
        *_chart([*by_users]),
        *_history(by_days),
        *_alerts(measured["alerts"]),
        *_line_of(measured),
        *_volumes(measured),
        *_bytes(sizes[-1]),
    ]
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _growth(title: str, sizes: Sequence[Mapping[str, Any]], unit: str, key: str) -> list[list[str]]:
    head = [f"{size[key]:,} {unit}, {size['events']:,} events" for size in sizes]
    rows = [[step, *(shown(size["steps"][step]["core_s"] / size["events"] * _MILLION) for size in sizes)] for step in sizes[0]["steps"]]
    return [[f"## {title}"], ["Core-seconds per million events, start and fixed parts included:"], _table(["step", *head], rows)]


def _chart(sizes: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """A line for each step; the chart has no legend, so the text names the lines in their order."""
    lines = {step: [size["steps"][step]["core_s"] for size in sizes] for step in sizes[0]["steps"]}
    ordered = sorted(lines, key=lambda step: -lines[step][-1])
    axis = ", ".join(f"{size['events'] / _MILLION:.2f}" for size in sizes)
    drawn = [f"  line [{', '.join(f'{value:.1f}' for value in lines[step])}]" for step in ordered]
    return [
        [f"Core-seconds by million events, with viewers; at the right end from top to bottom: {', '.join(ordered)}."],
        ["```mermaid", "xychart-beta", f"  x-axis [{axis}]", '  y-axis "core-seconds"', *drawn, "```"],
    ]


def _history(by_days: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    head = [f"{size['days']} days before" for size in by_days]
    rows = [[f"one day's {step}", *(shown(size["last_day"][step]["core_s"]) for size in by_days)] for step in by_days[0]["last_day"]]
    return [
        ["## With history"],
        ["The last day built once more as a backfill, then loaded: the same events, after more and more days. Core-seconds:"],
        _table(["step", *head], rows),
    ]


def _alerts(runs: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    head = [f"{run['rate']:,.0f} events/s" for run in runs]
    return [
        ["## Alerts"],
        ["The query `alerts` in a process of its own, for equally long at each rate; its start is part of it. Core-seconds:"],
        _table(["", *head], [["alerts", *(shown(run["core_s"]) for run in runs)]]),
    ]


def _line_of(measured: Mapping[str, Any]) -> list[list[str]]:
    rows = [
        [step, shown(cost.per_million), shown(cost.fixed), str(_RUNS.get(step, "always")), _limit(cost, step, measured["cores"])]
        for step, cost in costs(measured).items()
    ]
    return [
        ["## What a step costs"],
        [
            "The straight line through all sizes, by least squares: *fixed* core-seconds for each run, and those *per million* events.",
            f"The last column is where the step alone would take all {measured['cores']} cores in the busiest hour, which is taken to have",
            f"{BUSY} times the events of the mean one:",
        ],
        ["```", f"cores = (runs a day x fixed + events a day / 1,000,000 x per million) / {_DAY_S:,} s x {BUSY}", "```"],
        [
            "What always runs has paid its fixed part when it starts; that of alerts also holds what the query spends on listening, at any",
            "rate alike.",
        ],
        _table(["step", "per million", "fixed", "runs a day", "events a day on this machine"], rows),
    ]


def _limit(cost: Cost, step: str, cores: int) -> str:
    most = cost.most_events_a_day(cores, _RUNS.get(step, 0))
    return "no limit seen" if most == float("inf") else f"{most / _MILLION:,.0f} million"


def _volumes(measured: Mapping[str, Any]) -> list[list[str]]:
    found = costs(measured)
    cores = {step: [cost.cores(volume, _RUNS.get(step, 0)) for volume in VOLUMES.values()] for step, cost in found.items()}
    rows = [[step, *(_cores(needed) for needed in cores[step])] for step in found]
    totals = [sum(column) for column in zip(*cores.values(), strict=True)]
    says = [_verdict(name, {step: cores[step][n] for step in found}, totals[n], measured["cores"]) for n, name in enumerate(VOLUMES)]
    return [
        ["## Which part gives way first"],
        ["Cores in the busiest hour, by the formula above; a calculation from this machine's figures, not a measurement:"],
        _table(["step", *(f"{name} events a day" for name in VOLUMES)], [*rows, ["all", *(_cores(total) for total in totals)]]),
        says,
        ["What moves each step:"],
        [f"* {step}: {_KNOBS[step]}." for step in found],
    ]


def _verdict(name: str, needed: Mapping[str, float], total: float, cores: int) -> str:
    first, most = max(needed.items(), key=lambda item: item[1])
    where = f"fits on these {cores} cores" if total <= cores else f"needs {total / cores:,.1f} times these {cores} cores"
    return f"* **{name}**: {where}. The largest part is {first} with {most / total:.0%}; it moves with {_KNOBS[first]}."


def _bytes(size: Mapping[str, Any]) -> list[list[str]]:
    stored = {step: cost["bytes"] / size["events"] for step, cost in size["steps"].items() if "bytes" in cost}
    rows = [[step, shown(each), *(f"{each * volume / _GIB:,.1f}" for volume in VOLUMES.values())] for step, each in stored.items()]
    return [
        ["## Bytes"],
        [f"What a step leaves on disk, at {size['users']:,} viewers on {size['days']} days; and GiB a day where a day has so many events:"],
        _table(["step", "bytes per event", *VOLUMES], rows),
    ]


def _cores(needed: float) -> str:
    return f"{needed:,.0f}" if needed >= 10 else f"{needed:.2f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    marks = ["-", *("-:" for _ in head[1:])]
    return [f"| {' | '.join(head)} |", f"|{'|'.join(marks)}|", *(f"| {' | '.join(row)} |" for row in rows)]
