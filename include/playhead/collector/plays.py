"""What the collector remembers of plays that report by CMCD: the reports that arrived, those held until complete, those yet unanswered.

In SQLite beside the collector's ledger, so that a restart, or a second worker on the same machine, maps a report as the first would have.
Written before the events that follow from it are sent: a crash in between leaves nothing that the player's retry would not repeat. A report
is unanswered until its player was told that it is taken; `collector/gaps.py` counts what is missing by the others.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from playhead.events.cmcd_play import History, Transition
from playhead.events.cmcd_report import Report

_SCHEMA = """
CREATE TABLE IF NOT EXISTS play (
  sid TEXT, target TEXT, last_ts INTEGER NOT NULL, seen_at REAL NOT NULL,
  PRIMARY KEY (sid, target)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS report (
  sid TEXT, target TEXT, sn INTEGER, ts INTEGER NOT NULL, state TEXT, position_ms INTEGER, held TEXT,
  PRIMARY KEY (sid, target, sn)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS held (
  sid TEXT, target TEXT, sn INTEGER, PRIMARY KEY (sid, target, sn)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unanswered (
  sid TEXT, target TEXT, sn INTEGER, PRIMARY KEY (sid, target, sn)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS play_seen ON play (seen_at);
"""


@dataclass(frozen=True, slots=True)
class Overdue:
    """A held report of a play that fell silent; `last_ts` is the play's last sign of life."""

    sid: str
    target: str
    sn: int
    last_ts: int


class Plays:
    """The remembered plays; one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Opens (or begins) the memory at `path`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=5, check_same_thread=False)
        # WAL without a sync per commit survives a killed process; after a power cut what was held is lost, not wrong.
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _SCHEMA)

    def history(self, sid: str, target: str) -> History:
        """What is known of the play."""
        rows = self._db.execute(
            "SELECT sn, ts, state, position_ms, held FROM report WHERE sid = ? AND target = ? ORDER BY sn", (sid, target)
        ).fetchall()
        transitions = [
            Transition(sn, ts, state, position, None if held is None else json.loads(held))
            for sn, ts, state, position, held in rows
            if state is not None
        ]
        return History(transitions, frozenset(row[0] for row in rows))

    def remember(self, report: Report, target: str, transition: Transition | None, seen_at: float) -> None:
        """A report of the play arrived, and the change of state it tells; a retry of the same report changes nothing."""
        sid = report.sid
        self._db.execute(
            "INSERT INTO play VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET last_ts = max(last_ts, excluded.last_ts), seen_at = max(seen_at, excluded.seen_at)",
            (sid, target, report.ts, seen_at),
        )
        state, position, held = (None, None, None) if transition is None else (transition.state, transition.position_ms, transition.held)
        row = (sid, target, report.sn, report.ts, state, position, None if held is None else json.dumps(held))
        added = self._db.execute("INSERT INTO report VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row).rowcount
        if added:
            self._db.execute("INSERT INTO unanswered VALUES (?, ?, ?)", (sid, target, report.sn))
        if added and held is not None:
            self._db.execute("INSERT INTO held VALUES (?, ?, ?)", (sid, target, report.sn))

    def answer(self, sid: str, target: str, sn: int) -> None:
        """The player was told that this report is taken."""
        self._db.execute("DELETE FROM unanswered WHERE sid = ? AND target = ? AND sn = ?", (sid, target, sn))

    def release(self, sid: str, target: str, sn: int) -> None:
        """This held report is settled: what it says was acknowledged."""
        self._db.execute("DELETE FROM held WHERE sid = ? AND target = ? AND sn = ?", (sid, target, sn))

    def overdue(self, before: float) -> list[Overdue]:
        """Held reports of plays last seen before that time."""
        rows = self._db.execute(
            "SELECT sid, target, h.sn, p.last_ts FROM held h JOIN play p USING (sid, target) WHERE p.seen_at < ?", (before,)
        )
        return [Overdue(*row) for row in rows]

    def forget(self, before: float) -> None:
        """Drops plays last seen before that time."""
        for table in ("unanswered", "held", "report"):
            over = "SELECT sid, target FROM play WHERE seen_at < ?"
            self._db.execute(f"DELETE FROM {table} WHERE (sid, target) IN ({over})", (before,))  # noqa: S608  (names from here)
        self._db.execute("DELETE FROM play WHERE seen_at < ?", (before,))

    def commit(self) -> None:
        """Makes what was said since the last commit outlive this process."""
        self._db.commit()

    def close(self) -> None:
        """Commits and closes."""
        self._db.commit()
        self._db.close()
