"""Alerts that fire now: what the rules of the query `alerts` found in the events of the last minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playhead.io.delta_table import query_log

# Files of older events are left alone by their statistics on `event_timestamp`, as with partitions of the other logs.
_FIRING = """
SELECT rule_id AS rule, severity, count(*) AS events, max(raised_at) AS raised_at
FROM log WHERE event_timestamp >= $since GROUP BY ALL ORDER BY events DESC, rule
"""


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that events break: how many of the last minutes, and when the newest was found."""

    rule: str
    severity: str
    events: int
    raised_at: datetime


def firing_alerts(lake: str, *, since: datetime) -> list[Firing]:
    """The rules that events since a moment break, those of most events first."""
    return [Firing(**row) for row in query_log(lake, "ops.alerts_log", _FIRING, {"since": since})]
