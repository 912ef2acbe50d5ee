"""Reports that players numbered and the collector never took, by what it remembers of plays.

A player numbers its reports for each event target from 0 on (CTA-5004-B, sequence number): a number that is passed over is a report that
got lost. It is told with the hour of the next report heard, by the player's clock; what a player lost last of all, nobody can know. A retry
is the same report, and one that comes late fills its gap. A report that was refused, or arrived but was never answered, is missing: nothing
of it is in Kafka for certain.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

# Reports overtake each other: an hour is told when it, or its play, has been quiet for so long.
QUIET_S = 120.0
_HOURS = """
WITH heard AS (
  SELECT sid, target, sn, ts / 3600000 AS hour, sn - 1 - lag(sn, 1, -1) OVER (PARTITION BY sid, target ORDER BY sn) AS missing
  FROM report AS r
  WHERE NOT EXISTS (SELECT 1 FROM unanswered AS u WHERE u.sid = r.sid AND u.target = r.target AND u.sn = r.sn)
)
SELECT sid, target, hour, count(*), sum(missing), min(sn), max(sn) FROM heard JOIN play USING (sid, target)
WHERE seen_at < $quiet OR (hour + 1) * 3600 < $quiet GROUP BY sid, target, hour
"""


class HeardHour(NamedTuple):
    """What is known of the reports of one play to one event target in one hour (`hour` since 1970)."""

    playback_id: str
    target: str
    hour: int
    heard: int
    missing: int
    first_sn: int
    last_sn: int


def read_heard_hours(plays: Path, now: float) -> list[HeardHour]:
    """The hours of all plays that the collector remembers in `plays`, but for those that may still change any moment."""
    if not plays.exists():
        return []
    with closing(sqlite3.connect(f"{plays.absolute().as_uri()}?mode=ro", timeout=5, uri=True)) as database:
        return [HeardHour(*row) for row in database.execute(_HOURS, {"quiet": now - QUIET_S})]
