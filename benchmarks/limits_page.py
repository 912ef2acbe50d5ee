"""docs/limits.md: its words, and the figures that follow from what `make limits` measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

_LANDING = {
    "handover": "Spark reads Kafka and hands the records to Arrow workers, which only count them",
    "consuming": "python_consumer's two processes take the records from librdkafka, and drop them",
    "python_consumer": "all that python_consumer does",
}
_PARTS = {
    "client": "librdkafka and its Python client, sending payloads made before, acknowledged by all replicas",
    "digest": "the digest of a record's bytes (BLAKE2b, 128 bits)",
    "ledger": "the ledger's rows on disk before a batch is sent and after it was acknowledged",
    "making": "events drawn and written as bytes, in columns",
    "start": "the start of the process, shared among the records",
}
# What is there whoever makes the events, and however.
_UNAVOIDABLE = ("client", "digest", "ledger")


def render(measured: Mapping[str, Any]) -> str:
    """The whole page."""
    versions = ", ".join(f"{name} {number}" for name, number in measured["versions"].items())
    sections = [
        ["# Limits"],
        ["Goals that were not reached, and what stands in their way. Written by `make limits` from `benchmarks/limits.json`."],
        [f"{measured['date']}, {measured['cores']} cores; {versions}."],
        *(line for name, section in _SECTIONS.items() if name in measured for line in section(measured[name])),
    ]
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _ingest(told: Mapping[str, Any]) -> list[list[str]]:
    us, goal = told["us"], told["goal"]
    handover, consuming, whole = (median(us[name]) for name in _LANDING)
    least = handover + whole - consuming
    verdict = "so it is beyond Spark with Arrow workers" if least > whole / goal else "so it is within reach"
    return [
        ["## ingest"],
        [
            f"The goal is {goal:.2f} times the rate of python_consumer, what one would write in Python instead. What a record takes",
            f"of processor time ({told['records']:,} records, {len(us['handover'])} alternations, warm):",
        ],
        ["| part | median (µs) | min | max | records per second of processor time |", "|-|-:|-:|-:|-:|"]
        + [_row(words, us[name]) for name, words in _LANDING.items()],
        [
            f"Were all that follows the handover as quick as what follows python_consumer's consuming, {_shown(whole - consuming)} µs,",
            f"a record would take {_shown(least)} µs where python_consumer takes {_shown(whole)}:",
            f"{whole / least:.2f} times its rate, {verdict}.",
            "What the handover buys is what Spark does around it: offsets planned before a batch starts, a batch that failed run again,",
            "tasks on as many machines as there are.",
        ],
    ]


def _simulate(told: Mapping[str, Any]) -> list[list[str]]:
    us, goal = told["us"], told["goal"]
    cost = {name: median(figures) for name, figures in us.items()}
    least, every = (sum(cost[name] for name in names) for names in (_UNAVOIDABLE, _PARTS))
    rows = [_row(words, us[name]) for name, words in _PARTS.items()]
    rows += [f"| **all of these** | {_shown(every)} |  |  | {_rate(every)} |", _row("`playhead simulate` as a whole", us["ours"])]
    return [
        ["## simulate"],
        [
            f"The goal is {goal:,} records per second of processor time: {_shown(1e6 / goal)} µs for a record. What a record takes, each",
            f"part alone in a process of its own ({told['records']:,} records, {len(us['ours'])} alternations; processor time of all",
            "threads, which a busy neighbour stretches little):",
        ],
        ["| part | median (µs) | min | max | records per second of processor time |", "|-|-:|-:|-:|-:|", *rows],
        [_verdict(least, 1e6 / goal, cost["making"])],
        [
            f"With an object for each event it would be more: orjson alone takes {_shown(cost['json'])} µs to write the same bytes from",
            "dictionaries that lie ready. The client takes headers with single records only (its `produce_batch` has none), and the",
            "sequence number in a header is what the books find a record by.",
        ],
    ]


def _verdict(least: float, budget: float, making: float) -> str:
    """What the parts that are always there leave of a record's time, and whether an event can be made in it."""
    first = f"Client, digest and ledger are there whoever makes the events: together {_shown(least)} µs, at most {_rate(least)} a second."
    if least >= budget:
        return f"{first} That is above what the goal leaves, so it is beyond this client whatever an event costs."
    left = budget - least
    share = f"{making / left:.1f} times that" if making > left else "which fits"
    return (
        f"{first} That leaves {_shown(left)} µs for drawing and writing an event and for the start; "
        f"drawing and writing takes {_shown(making)} µs, {share}."
    )


def _row(words: str, figures: Sequence[float]) -> str:
    middle = median(figures)
    return f"| {words} | {_shown(middle)} | {_shown(min(figures))} | {_shown(max(figures))} | {_rate(middle)} |"


def _shown(us: float) -> str:
    return f"{us:.2f}"


def _rate(us: float) -> str:
    return f"{1e6 / us:,.0f}"


# By the name of the bench; what has not been measured yet has no section.
_SECTIONS = {"ingest": _ingest, "simulate": _simulate}
