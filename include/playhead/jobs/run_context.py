"""The run a job belongs to: who asked for it, and for which data interval."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

RunKind = Literal["pull", "backfill"]


@dataclass(frozen=True, slots=True)
class RunContext:
    """A run of a DAG, or of the command line.

    A pull run reads every bronze version it has not seen; a backfill builds exactly its data interval and moves no cursor. `is_asked`: a
    person asked for it, not the clock nor what a run waits for.
    """

    dag_id: str
    run_id: str
    kind: RunKind = "pull"
    interval: tuple[datetime, datetime] | None = None
    is_asked: bool = False

    @property
    def key(self) -> str:
        """The run's name as a path element: unique over DAGs and safe in file systems and object stores."""
        return re.sub(r"[^A-Za-z0-9_.-]", "-", f"{self.dag_id}__{self.run_id}")

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, for spark-submit."""
        interval = None if self.interval is None else [moment.isoformat() for moment in self.interval]
        return {"dag_id": self.dag_id, "run_id": self.run_id, "kind": self.kind, "interval": interval, "is_asked": self.is_asked}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RunContext:
        """The inverse of to_dict."""
        interval = values.get("interval")
        return cls(
            dag_id=values["dag_id"],
            run_id=values["run_id"],
            kind=values["kind"],
            interval=None if interval is None else (datetime.fromisoformat(interval[0]), datetime.fromisoformat(interval[1])),
            is_asked=values["is_asked"],
        )
