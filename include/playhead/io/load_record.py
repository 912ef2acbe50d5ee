"""What warehouse loads came to, as a small file beside the lake: how often, and the last one's time, seconds and rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from playhead.io.run_files import read_json, write_json

Outcome = Literal["loaded", "unchanged", "mismatched", "failed"]
GOOD: frozenset[Outcome] = frozenset({"loaded", "unchanged"})


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """Loads so far by outcome, when the last good one finished (Unix time), and what the last that loaded rows took and brought."""

    outcomes: dict[str, int] = field(default_factory=dict)
    finished: float | None = None
    seconds: float | None = None
    rows: dict[str, int] = field(default_factory=dict)


def read_load_record(lake: str) -> LoadRecord:
    """The record; an empty one before the first load."""
    values = read_json(_path(lake))
    return LoadRecord() if values is None else LoadRecord(**values)


def record_load(lake: str, outcome: Outcome, *, at: float, seconds: float, rows: dict[str, int]) -> None:
    """Count a load; the caller holds the load's lock."""
    record = read_load_record(lake)
    record = replace(record, outcomes={**record.outcomes, outcome: record.outcomes.get(outcome, 0) + 1})
    if outcome in GOOD:
        record = replace(record, finished=at)
    if outcome == "loaded":
        record = replace(record, seconds=seconds, rows=rows)
    write_json(_path(lake), asdict(record))


def _path(lake: str) -> str:
    return f"{lake}/_status/load_warehouse.json"
