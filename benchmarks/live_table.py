"""When gold.qoe_live first told of what bronze holds, from the logs of both tables and the checkpoint of the query between them."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.bronze_table import Commit


def shown_live(landings: Sequence[Commit], table: Path, checkpoint: Path) -> list[Commit]:
    """Commits to bronze, at the time of the first commit to gold.qoe_live that saw them; what none has seen is left out."""
    offsets = checkpoint / "offsets"
    if not offsets.is_dir():  # the query has planned no batch yet
        return []
    ends, batches = _ends(offsets), _batches(table)
    shown = []
    for landing in landings:
        first = next((number for number, end in ends if landing.version < end), None)
        at = len(batches) if first is None else bisect_left(batches, (first, 0))
        if at < len(batches):
            shown.append(replace(landing, at_ms=batches[at][1]))
    return shown


def _ends(offsets: Path) -> list[tuple[int, int]]:
    """Each batch of the query, and the version of bronze before which it ends."""
    found = []
    for path in offsets.iterdir():
        if path.name.isdecimal():
            offset = json.loads(path.read_text(encoding="utf-8").splitlines()[2])
            # An index is that of a file within the version; -1 stands before the first one.
            found.append((int(path.name), offset["reservoirVersion"] + (offset["index"] >= 0)))
    return sorted(found)


def _batches(table: Path) -> list[tuple[int, int]]:
    """Each batch that the table holds, and the time of its commit in milliseconds."""
    found = []
    for path in (table / "_delta_log").glob("*[0-9].json"):
        actions = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
        at_ms = [action["commitInfo"]["timestamp"] for action in actions if "commitInfo" in action]
        found += [(action["txn"]["version"], at) for action in actions if "txn" in action for at in at_ms]
    return sorted(found)
