"""When gold.qoe_live first told of what bronze holds, from the logs of both tables and the checkpoint of the query between them."""

from __future__ import annotations

import json
import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.bronze_table import Commit

_NOTE_EVERY_S = 10.0


class LiveTable:
    """gold.qoe_live, and where the batches of its query ended: a checkpoint tells that of the last hundred only, so it is noted."""

    def __init__(self, table: Path, checkpoint: Path) -> None:
        self._table = table
        self._offsets = checkpoint / "offsets"
        self._ends: dict[int, int] = {}

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note the ends of batches for as long as the context is open."""
        stop = threading.Event()

        def note() -> None:
            while not stop.wait(_NOTE_EVERY_S):
                self.note()

        thread = threading.Thread(target=note, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def note(self) -> None:
        """Note each batch of the checkpoint, and the version of bronze before which it ends."""
        for path in self._offsets.glob("*"):  # none where the query has planned no batch yet
            if not path.name.isdecimal() or int(path.name) in self._ends:
                continue
            try:
                offset = json.loads(path.read_text(encoding="utf-8").splitlines()[2])
            except FileNotFoundError:  # forgotten since it was listed
                continue
            # An index is that of a file within the version; -1 stands before the first one.
            self._ends[int(path.name)] = offset["reservoirVersion"] + (offset["index"] >= 0)

    def shown(self, landings: Sequence[Commit]) -> list[Commit]:
        """Commits to bronze, at the time of the first commit to gold.qoe_live that saw them; what none has seen is left out.

        Raises:
            RuntimeError: the checkpoint had forgotten a batch before it was noted, so that nobody knows what it saw.
        """
        self.note()
        forgotten = set(range(max(self._ends, default=-1) + 1)) - set(self._ends)
        if forgotten:
            raise RuntimeError(f"nobody noted where batch {min(forgotten)} of the live numbers ended; note more often")
        ends, batches = sorted(self._ends.items()), _batches(self._table)
        shown = []
        for landing in landings:
            first = next((number for number, end in ends if landing.version < end), None)
            at = len(batches) if first is None else bisect_left(batches, (first, 0))
            if at < len(batches):
                shown.append(replace(landing, at_ms=batches[at][1]))
        return shown


def _batches(table: Path) -> list[tuple[int, int]]:
    """Each batch that the table holds, and the time of its commit in milliseconds."""
    found = []
    for path in (table / "_delta_log").glob("*[0-9].json"):
        actions = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
        at_ms = [action["commitInfo"]["timestamp"] for action in actions if "commitInfo" in action]
        found += [(action["txn"]["version"], at) for action in actions if "txn" in action for at in at_ms]
    return sorted(found)
