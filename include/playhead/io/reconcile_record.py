"""What the last nightly reconciliation found, as a small file beside the lake: when, of how many events, and the minutes that differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from playhead.io.run_files import read_json, write_json


@dataclass(frozen=True, slots=True)
class ReconcileRecord:
    """When it finished (Unix time), the first day it looked at, how many events it compared, and the differing minutes of each table."""

    finished: float
    since: str
    events: int
    differing_minutes: dict[str, int]


def read_reconcile_record(lake: str) -> ReconcileRecord | None:
    """The record, or None before the first reconciliation."""
    values = read_json(_path(lake))
    return None if values is None else ReconcileRecord(**values)


def record_reconcile(lake: str, *, at: float, since: str, events: int, differing_minutes: Mapping[str, int]) -> None:
    """Replace the record."""
    write_json(_path(lake), asdict(ReconcileRecord(at, since, events, dict(differing_minutes))))


def _path(lake: str) -> str:
    return f"{lake}/_status/reconcile.json"
