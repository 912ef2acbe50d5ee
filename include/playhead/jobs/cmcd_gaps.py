"""The nightly count of reports that players lost: what the collector remembers of plays, into ops.cmcd_gaps."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from playhead.collector.gaps import HeardHour, read_heard_hours
from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_table import append_rows, query_log
from playhead.io.lock import table_lock

logger = logging.getLogger(__name__)

CMCD_GAPS = "ops.cmcd_gaps"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What the table does not say yet. Reports are only ever added: an hour that has changed is not again what it was before.
_NEWS = """
FROM counted ANTI JOIN (FROM log WHERE event_hour >= $first) AS told
USING (playback_id, cmcd_target, event_hour, heard_reports_count, missing_reports_count)
"""
# The newest row of each hour that has a gap, the largest first.
_GAPS = """
FROM (FROM log QUALIFY row_number() OVER (PARTITION BY playback_id, cmcd_target, event_hour ORDER BY counted_at DESC) = 1)
WHERE missing_reports_count > 0 AND event_hour >= $since
ORDER BY missing_reports_count DESC, event_hour, playback_id, cmcd_target
"""


def count_gaps(lake: str, plays: Path, *, now: datetime | None = None) -> dict[str, int]:
    """Append the hours that the table does not tell, or no longer as they are; returns how many, and what is missing in them.

    Run again it appends nothing; run late, it tells what it would have told, as long as the collector remembers the plays.
    """
    now = now or datetime.now(UTC)
    with table_lock(lake, CMCD_GAPS, holder="maintain"):
        news = _news(lake, read_heard_hours(plays, now.timestamp()), now)
        if news:
            append_rows(lake, CMCD_GAPS, news)
    missing = sum(row["missing_reports_count"] for row in news)
    logger.info("hours=%d missing_reports=%d", len(news), missing)
    return {"hours": len(news), "missing": missing}


def read_gaps(lake: str, *, since: datetime) -> list[dict[str, Any]]:
    """The hours from then on in which reports are missing, as last counted, the largest gaps first."""
    return query_log(lake, CMCD_GAPS, _GAPS, {"since": since})


def _news(lake: str, heard: Sequence[HeardHour], now: datetime) -> list[dict[str, Any]]:
    if not heard:
        return []
    rows = [_row(each, now) for each in heard]
    counted = pa.Table.from_pylist(rows, arrow_schema(load_contract(CMCD_GAPS)))
    return query_log(lake, CMCD_GAPS, _NEWS, {"first": min(row["event_hour"] for row in rows)}, beside={"counted": counted})


def _row(each: HeardHour, now: datetime) -> dict[str, Any]:
    return {
        "playback_id": each.playback_id,
        "cmcd_target": each.target,
        "event_hour": _EPOCH + timedelta(hours=each.hour),
        "counted_at": now,
        "expected_reports_count": each.heard + each.missing,
        "heard_reports_count": each.heard,
        "missing_reports_count": each.missing,
        "first_sn": each.first_sn,
        "last_sn": each.last_sn,
    }
