"""The trace of a session: everything that was reported of it, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playhead.io.delta_table import query_log
from playhead.io.partitions import day_key, days_between

MOST_EVENTS = 10_000
EVENT_TABLES = ("silver.session_events", "silver.video_events", "silver.interactions", "silver.ad_events")
_SESSION = "SELECT * FROM log WHERE session_id = $session ORDER BY started_at"
_EVENTS = """
SELECT * FROM log
WHERE session_id = $session AND event_timestamp BETWEEN $first AND $last
ORDER BY event_timestamp, event_id LIMIT $most
"""


@dataclass(frozen=True, slots=True)
class Trace:
    """A session by its rows of silver.sessions, and its events, each with the columns that tell something.

    An id that was used again after a day without an event has several rows. Of a session without end, which only a defect or a robot
    makes, the first MOST_EVENTS events are there, and `is_cut_off` says so.
    """

    sessions: list[dict[str, Any]]
    events: list[dict[str, Any]]
    is_cut_off: bool


def trace_session(lake: str, session_id: str) -> Trace:
    """What is known of a session; without rows where nobody has seen it.

    Events are in the order of their event time, of the same instant by id. Only files of the days of the session are read.
    """
    sessions = query_log(lake, "silver.sessions", _SESSION, {"session": session_id})
    if not sessions:
        return Trace([], [], is_cut_off=False)
    first, last = sessions[0]["started_at"], max(session["ended_at"] for session in sessions)
    values = {"session": session_id, "first": first, "last": last, "most": MOST_EVENTS + 1}
    days = days_between(day_key(first), day_key(last))
    told = [row for table in EVENT_TABLES for row in query_log(lake, table, _EVENTS, values, days=days)]
    told.sort(key=lambda row: (row["event_timestamp"], row["event_id"]))
    events = [{name: value for name, value in row.items() if value is not None} for row in told[:MOST_EVENTS]]
    return Trace(sessions, events, is_cut_off=len(told) > MOST_EVENTS)
