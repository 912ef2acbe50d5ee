"""docs/generated/load.md and, beside it, load.json: what the last `make soak` found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.results import circumstances
from faults.model import HEARD_WITHIN_S
from load_test.scenario import MOST_AFTER_SPIKE_S, MOST_AGE_S, MOST_GIB, Found
from load_test.watch import Sample

_POINTS = 40


def summarise(found: Found) -> dict[str, Any]:
    """The line of JSON."""
    memory_peak = max(sample.memory_gib for sample in found.samples)
    recovers = found.after_spike_s is not None and found.after_spike_s <= MOST_AFTER_SPIKE_S and found.after_kill_s is not None
    is_heard = not found.false_alarms and found.alarm_after_s is not None and found.alarm_after_s <= HEARD_WITHIN_S
    is_within = found.ages.p99_s <= MOST_AGE_S and memory_peak <= MOST_GIB
    return {
        "capacity_per_s": round(found.capacity_per_s),
        "rate_per_s": round(found.rate_per_s),
        "seconds": round(found.seconds),
        **asdict(found.books),
        "age_p50_s": round(found.ages.p50_s, 2),
        "age_p99_s": round(found.ages.p99_s, 2),
        "backlog_peak": max(sample.backlog for sample in found.samples),
        "recovered_after_spike_s": _rounded(found.after_spike_s),
        "recovered_after_kill_s": _rounded(found.after_kill_s),
        "false_alarms": list(found.false_alarms),
        "alarm_after_kill_s": _rounded(found.alarm_after_s),
        "memory_peak_gib": round(memory_peak, 2),
        "builds": found.builds,
        "builds_failed": found.builds_failed,
        "met": bool(found.books.acked and not found.books.wrong and recovers and is_within and is_heard and not found.builds_failed),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def write_page(page: Path, found: Found) -> None:
    """Keep what was found, and write the page from it."""
    kept = {
        "summary": summarise(found),
        "marks": {"spike_at_s": round(found.spike_at_s), "kill_at_s": round(found.kill_at_s)},
        "points": [asdict(point) for point in thinned(found.samples)],
        **circumstances(),
    }
    page.parent.mkdir(parents=True, exist_ok=True)
    page.with_suffix(".json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    page.write_text(render(kept), encoding="utf-8")


def thinned(samples: Sequence[Sample]) -> list[Sample]:
    """Of as many samples in a row as there must be, the one with the largest backlog."""
    step = -(-len(samples) // _POINTS)
    return [max(samples[at : at + step], key=lambda sample: sample.backlog) for at in range(0, len(samples), step)]


def render(kept: dict[str, Any]) -> str:
    """The page."""
    summary, marks, points = kept["summary"], kept["marks"], kept["points"]
    versions = ", ".join(f"{name} {number}" for name, number in kept["versions"].items())
    figures = [f"| {name.replace('_', ' ')} | {shown(value)} |" for name, value in summary.items()]
    return "\n".join(
        [
            "# Under load",
            "",
            "Written by `make soak`: the whole embedded stack, its builds at work without a pause. First the rate grows until the stack",
            f"does not keep up: that is its capacity. Then it is sent half of that for {summary['seconds']} s, twice as much for a while,",
            "and the streaming app is killed (kill -9) in the middle. In the end everything is landed and built, and the books are taken",
            "by anti-joins of ids. Ages are those from the event to the commit that shows it, before the spike; memory is that of all",
            "processes, shared pages once. A Prometheus with the rules of `deploy/prometheus` listens: before the kill no alert may fire,",
            f"and after it one must tell of it within {HEARD_WITHIN_S} s. Allowed are {MOST_AGE_S:g} s of age, {MOST_AFTER_SPIKE_S:g} s to",
            f"get over the spike, and {MOST_GIB:g} GiB.",
            "",
            f"{kept['date']}, {kept['cores']} cores; {versions}.",
            "",
            "| | |",
            "|-|-:|",
            *figures,
            "",
            "Records that Kafka holds and bronze does not, by second of the load;",
            f"the spike begins at {marks['spike_at_s']} s, the kill is at {marks['kill_at_s']} s:",
            "",
            *_chart(points, "backlog", "records", 0),
            "",
            "Memory of the whole stack, GiB:",
            "",
            *_chart(points, "memory_gib", "GiB", 2),
            "",
        ]
    )


def _chart(points: Sequence[dict[str, Any]], name: str, unit: str, digits: int) -> list[str]:
    seconds = ", ".join(f'"{point["at_s"]:.0f}"' for point in points)
    values = ", ".join(f"{point[name]:.{digits}f}" for point in points)
    return ["```mermaid", "xychart-beta", f"  x-axis [{seconds}]", f'  y-axis "{unit}"', f"  line [{values}]", "```"]


def shown(value: object) -> str:
    """A figure as a reader says it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return f"{value:,}" if isinstance(value, int | float) else "never" if value is None else str(value)
