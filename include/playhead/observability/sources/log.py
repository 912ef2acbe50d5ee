"""A log table of ops as the exporter asks it: read again only when it has a new version, however often Prometheus scrapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deltalake import DeltaTable

from playhead.io.delta_table import find_table, query_log


@dataclass
class Log:
    """What questions about a log table last brought, good as long as the table has no new version."""

    lake: str
    name: str
    questions: tuple[str, ...]
    _table: DeltaTable | None = None
    _version: int = -1
    _answers: list[list[dict[str, Any]]] = field(default_factory=list)

    def ask(self) -> list[list[dict[str, Any]]]:
        """The answers, one for each question."""
        if self._table is None:
            self._table = find_table(self.lake, self.name)
        else:
            self._table.update_incremental()
        version = -1 if self._table is None else int(self._table.version())
        if not self._answers or version != self._version:
            self._answers = [query_log(self.lake, self.name, question) for question in self.questions]
            self._version = version
        return self._answers
