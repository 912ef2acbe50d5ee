"""Builds, by the logs they write (ops.build_log, publish_log and restatements). A log is read again only when it has a new version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from deltalake import DeltaTable

from playhead.contracts.model import built_tables
from playhead.io.delta_table import find_table, query_log
from playhead.observability import metrics as m

_LAST_PULL = """
SELECT dag_id AS dag, epoch(finished_at) AS finished, epoch(finished_at - planned_at) AS seconds,
       len(touched_hours) AS touched, len(pending_hours) AS pending
FROM log WHERE run_kind = 'pull' QUALIFY row_number() OVER (PARTITION BY dag_id ORDER BY finished_at DESC) = 1
"""
_BUILDS = "SELECT dag_id, run_kind, count(*) AS counted FROM log GROUP BY ALL"
_REFUSED = "SELECT split_part(place, '/', 1), count(*) FROM (SELECT unnest(failed_partitions) AS place FROM log) GROUP BY ALL"
_PUBLISHED = "SELECT table_name, count(*) FROM log GROUP BY ALL"
_RESTATED = "SELECT table_name, count(*) FROM log WHERE measure_name = 'rows_count' GROUP BY ALL"


@dataclass
class _Log:
    """What questions about a log table last brought, good as long as the table has no new version."""

    lake: str
    name: str
    questions: tuple[str, ...]
    _table: DeltaTable | None = None
    _version: int = -1
    _answers: list[list[dict[str, Any]]] = field(default_factory=list)

    def ask(self) -> list[list[dict[str, Any]]]:
        if self._table is None:
            self._table = find_table(self.lake, self.name)
        else:
            self._table.update_incremental()
        version = -1 if self._table is None else int(self._table.version())
        if not self._answers or version != self._version:
            self._answers = [query_log(self.lake, self.name, question) for question in self.questions]
            self._version = version
        return self._answers


class Builds:
    """The builds of a lake; one that never built has counts of zero, and no last build."""

    def __init__(self, lake: str) -> None:
        self._builds = _Log(lake, "ops.build_log", (_LAST_PULL, _BUILDS, _REFUSED))
        # From zero on: a counter that appears at one would hide its first refusal from increase().
        self._none_yet: dict[tuple[str, ...], float] = {(name,): 0.0 for layer in ("silver", "gold") for name in built_tables(layer)}
        self._none_restated: dict[tuple[str, ...], float] = {(name,): 0.0 for name in built_tables("gold")}
        self._publishes = _Log(lake, "ops.publish_log", (_PUBLISHED,))
        self._restatements = _Log(lake, "ops.restatements", (_RESTATED,))

    def read(self) -> m.Readings:
        """The last pull build of each DAG, and what was recorded, published, restated and refused so far."""
        last, builds, refused = self._builds.ask()
        (published,) = self._publishes.ask()
        (restated,) = self._restatements.ask()
        return {
            m.BUILD_FINISHED: {(row["dag"],): row["finished"] for row in last},
            m.BUILD_SECONDS: {(row["dag"],): row["seconds"] for row in last if row["seconds"] is not None},
            m.TOUCHED_HOURS: {(row["dag"],): row["touched"] for row in last},
            m.PENDING_HOURS: {(row["dag"],): row["pending"] for row in last},
            m.BUILDS: _counts(builds),
            m.REFUSED: self._none_yet | _counts(refused),
            m.PUBLISHED: self._none_yet | _counts(published),
            m.RESTATED: self._none_restated | _counts(restated),
        }


def _counts(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, ...], float]:
    """Rows whose last column is a count, by the others."""
    return {tuple(labels): float(count) for *labels, count in (row.values() for row in rows)}
