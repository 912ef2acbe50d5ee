"""Reports that players lost, by the newest nightly count (ops.cmcd_gaps)."""

from __future__ import annotations

from playhead.observability import metrics as m
from playhead.observability.sources.log import Log

# The newest count, and what was counted by hand around it; a night before is further away.
_NEWEST = """
SELECT count(DISTINCT (playback_id, cmcd_target)) AS plays,
       count(DISTINCT (playback_id, cmcd_target)) FILTER (missing_reports_count > 0) AS plays_with_gaps,
       sum(expected_reports_count) AS expected, sum(missing_reports_count) AS missing
FROM (
    FROM log WHERE counted_at > (SELECT max(counted_at) FROM log) - INTERVAL 12 HOUR
    QUALIFY row_number() OVER (PARTITION BY playback_id, cmcd_target, event_hour ORDER BY counted_at DESC) = 1
) HAVING plays > 0
"""


class Gaps:
    """The gaps of a lake; nothing before the first count that found a play."""

    def __init__(self, lake: str) -> None:
        self._log = Log(lake, "ops.cmcd_gaps", (_NEWEST,))

    def read(self) -> m.Readings:
        """Plays and reports of the newest count."""
        (rows,) = self._log.ask()
        return {
            metric: {(): float(row[name])}
            for row in rows
            for metric, name in (
                (m.CMCD_PLAYS, "plays"),
                (m.CMCD_PLAYS_WITH_GAPS, "plays_with_gaps"),
                (m.CMCD_EXPECTED, "expected"),
                (m.CMCD_MISSING, "missing"),
            )
        }
