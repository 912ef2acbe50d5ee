"""docs/generated/faults.md and, beside it, faults.json: what the last run of each fault, and of its control, found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from faults.model import HEARD_WITHIN_S, Fault, Outcome


def summarise(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The line of JSON: faults, how many were survived, events lost and doubled, guards, and controls that went red without them."""
    faults = [outcome for outcome in outcomes if not outcome.guard]
    controls = [outcome for outcome in outcomes if outcome.guard]
    awaited = [outcome for outcome in faults if outcome.is_awaited]
    return {
        "faults": len(faults),
        "survived": sum(outcome.survived for outcome in faults),
        "lost": sum(outcome.lost for outcome in faults),
        "doubled": sum(outcome.doubled for outcome in faults),
        "guards": len({control.guard for control in controls}),
        "controls": len(controls),
        "controls_red": sum(control.is_red for control in controls),
        "alarms": len(awaited),
        "heard": sum(outcome.is_heard for outcome in awaited),
        "slowest_alarm_s": max((outcome.alarm_s for outcome in awaited if outcome.alarm_s is not None), default=None),
    }


def is_proven(summary: Mapping[str, Any]) -> bool:
    """Whether every fault was survived and told of in time, and every control went red."""
    counts = (("survived", "faults"), ("controls_red", "controls"), ("heard", "alarms"))
    return all(summary[done] == summary[asked] for done, asked in counts)


def write_page(page: Path, faults: Mapping[str, Fault], outcomes: Iterable[Outcome]) -> None:
    """Put outcomes in the place of earlier ones of the same faults and controls; those of faults that there are no more go."""
    record = page.with_suffix(".json")
    known = [Outcome(**kept) for kept in json.loads(record.read_text(encoding="utf-8"))] if record.is_file() else []
    newest = {(outcome.fault, outcome.guard): outcome for outcome in [*known, *outcomes]}
    kept = [newest[key] for fault in faults.values() for key in _keys(fault) if key in newest]
    page.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps([asdict(outcome) for outcome in kept], indent=1) + "\n", encoding="utf-8")
    page.write_text(render(faults, kept), encoding="utf-8")


def _keys(fault: Fault) -> list[tuple[str, str]]:
    return [(fault.name, ""), *([] if fault.guard is None else [(fault.name, fault.guard.name)])]


def render(faults: Mapping[str, Fault], outcomes: Sequence[Outcome]) -> str:
    """The page."""
    summary = summarise(outcomes)
    controls = {outcome.fault: outcome for outcome in outcomes if outcome.guard}
    rows = [_row(faults[outcome.fault], outcome, controls.get(outcome.fault)) for outcome in outcomes if not outcome.guard]
    return "\n".join(
        [
            "# Faults",
            "",
            "Written by `make faults`, which puts the system through each. All begin with copies of one broker and one lake where a",
            "first load of events has landed; more events are sent and landed around the fault, or before it where Airflow is hurt, and",
            "the system goes on by itself. It has survived when the books balance (no acknowledged event lost, none doubled) and every",
            "published partition, built by one warm engine, has the same content as without any fault; or, where only a person can go",
            "on, when the app stops and says why.",
            "Processes are killed, no power is lost. A guard's control is the same fault without the guard: it is red when it does the",
            "damage that is named for it, and not when it merely fails. Two are under way at once, for most of a fault is waiting, but of",
            "those that hurt Airflow, which they share, only one. Each row is of its fault's last run; `s` is what the fault took, with",
            "starting its broker, with the checks, and with another one beside it. Beside each fault a Prometheus with the rules of",
            "`deploy/prometheus` scrapes an exporter as the stack has it: `alarm` is the alert that told of the fault first, and how long",
            "after the harm was done. Where nobody has to know of what happens there is none.",
            "",
            f"{summary['survived']} of {summary['faults']} survived; {summary['lost']} lost, {summary['doubled']} doubled; "
            f"{summary['controls_red']} of {summary['controls']} controls red; "
            f"{summary['heard']} of {summary['alarms']} alarms within {HEARD_WITHIN_S} s.",
            "",
            "| fault | group | what happens | survived | s | alarm | guard | without it |",
            "|-|-|-|-|-|-|-|-|",
            *rows,
            "",
        ]
    )


def told(outcome: Outcome) -> str:
    """What came of a fault or a control, in words."""
    if not outcome.guard:
        return "yes" if outcome.survived else f"no: {_damage(outcome)}"
    return _damage(outcome) if outcome.is_red else f"not red: {_damage(outcome)}, where it should have been {outcome.damage}"


def alarm_told(outcome: Outcome) -> str:
    """Which alarm told of a fault, in words; empty where none must."""
    if not outcome.is_awaited:
        return ""
    return "none" if outcome.alarm_s is None else f"{outcome.alarm}, {outcome.alarm_s:.0f} s"


def _damage(outcome: Outcome) -> str:
    counted = [f"{count} {what}" for count, what in ((outcome.lost, "lost"), (outcome.doubled, "doubled")) if count]
    return "; ".join([*counted, *filter(None, [outcome.wrong])]) or "no damage"


def _row(fault: Fault, outcome: Outcome, control: Outcome | None) -> str:
    guard = "" if fault.guard is None else fault.guard.name
    cells = [
        f"`{fault.name}`",
        fault.group,
        fault.what,
        told(outcome),
        f"{outcome.seconds:.0f}",
        alarm_told(outcome),
        guard,
        "" if control is None else told(control),
    ]
    return f"| {' | '.join(cells)} |".replace("\n", " ")
