"""The newest lists by viewer, in one SQLite file: written once from the lakehouse, a batch at a time, and only read from then on.

No list is worked out here: what is served is what was published, and what the warehouse shows.
"""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from playhead.io.contest_record import read_contest
from playhead.io.delta_table import table_in_duckdb, table_version

logger = logging.getLogger(__name__)

TABLE = "gold.recommendations"
_ROWS_AT_ONCE = 100_000
_TABLES = """
CREATE TABLE lists (
    viewer_id TEXT, recommendation_rank INTEGER, content_id TEXT, recommendation_score REAL, because_content_id TEXT,
    PRIMARY KEY (viewer_id, recommendation_rank)
) WITHOUT ROWID;
CREATE TABLE popular (recommendation_rank INTEGER PRIMARY KEY, content_id TEXT);
CREATE TABLE about (score_date TEXT, ranked_by TEXT, table_version INTEGER);
"""
_ROWS = """
SELECT viewer_id, recommendation_rank, content_id, recommendation_score, because_content_id FROM log
ORDER BY viewer_id, recommendation_rank
"""
_LIST = """
SELECT recommendation_rank, content_id, recommendation_score, because_content_id FROM lists WHERE viewer_id = ? ORDER BY recommendation_rank
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A title on a list, and the one of the viewer's own history that spoke most for it. A popular title has neither score nor reason."""

    recommendation_rank: int
    content_id: str
    recommendation_score: float | None
    because_content_id: str | None


class Shelf:
    """One file, open for reading. It stays whole when it is replaced: who has it open keeps it."""

    def __init__(self, path: Path) -> None:
        # One event loop reads it, on whatever thread that runs.
        self._file = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        score_date, self.ranked_by, self.table_version = self._file.execute("SELECT * FROM about").fetchone()
        self.score_date = date.fromisoformat(score_date)
        self.popular = [Place(rank, title, None, None) for rank, title in self._file.execute("SELECT * FROM popular ORDER BY 1")]

    def of(self, viewer_id: str) -> list[Place]:
        """The list of a viewer, best first; empty for who has none."""
        return [Place(*row) for row in self._file.execute(_LIST, (viewer_id,))]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def refresh_shelf(lake: str, path: Path) -> bool:
    """Write the newest published lists to the file, unless it has them; returns whether it was written."""
    version, contest = table_version(lake, TABLE), read_contest(lake)
    if version is None or contest is None or _version_of(path) == version:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with sqlite3.connect(new) as file, table_in_duckdb(lake, TABLE, "log", version=version, days=[contest.score_date]) as lists:
        # Of a file that is thrown away if anything goes wrong, nothing needs to be safe on disk in between.
        file.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TABLES}")
        for batch in lists.sql(_ROWS).to_arrow_reader(_ROWS_AT_ONCE):
            file.executemany(
                "INSERT INTO lists VALUES (?, ?, ?, ?, ?)", zip(*(column.to_pylist() for column in batch.columns), strict=True)
            )
        file.executemany("INSERT INTO popular VALUES (?, ?)", enumerate(contest.popular, 1))
        file.execute("INSERT INTO about VALUES (?, ?, ?)", (contest.score_date, contest.ships, version))
    file.close()
    new.replace(path)
    logger.info("lists of %s, version %d of %s", contest.score_date, version, TABLE)
    return True


def _version_of(path: Path) -> int | None:
    """Of which version of the table a file has the lists; None where there is none that can be read."""
    try:
        shelf = Shelf(path)
    except sqlite3.Error:
        return None
    shelf.close()
    return int(shelf.table_version)
