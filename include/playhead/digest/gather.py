"""What the digest tells: numbers from the BI views, and the lake's own account of itself. What cannot be read is named."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from playhead.deadlines.evidence import read_evidence
from playhead.deadlines.overdue import Miss, overdue
from playhead.deadlines.promises import promises
from playhead.errors import PlayheadError
from playhead.io.delta_table import query_log
from playhead.io.reconcile_record import ReconcileRecord, read_reconcile_record
from playhead.io.snowflake import fetch_rows, warehouse_connection
from playhead.settings import Settings

logger = logging.getLogger(__name__)

Found = TypeVar("Found")
Rows = list[dict[str, Any]]
SPAN = timedelta(days=1)  # of what the lake tells of itself
_KPIS = """
SELECT KPI_DATE, COMPARED_DATE, AS_OF, DAILY_ACTIVE_USERS, DAILY_ACTIVE_USERS_GROWTH_PCT, WATCHED_MS / 3600000.0 AS WATCH_HOURS,
       WATCH_TIME_GROWTH_PCT, REVENUE, REVENUE_GROWTH_PCT
FROM BI.V_EXECUTIVE_KPIS
"""
# The day of AS_OF is still under way.
_DAYS = """
SELECT EVENT_DATE, DAILY_ACTIVE_USERS, WATCHED_MS / 3600000.0 AS WATCH_HOURS
FROM BI.V_DAILY_ACTIVE_USERS WHERE EVENT_DATE < AS_OF ORDER BY EVENT_DATE DESC LIMIT 30
"""
_TITLES = "SELECT CONTENT_TITLE, TOTAL_VIEWS_30D, WATCH_HOURS_30D FROM BI.V_TOP_CONTENT ORDER BY VIEW_RANK LIMIT 5"
_EXPERIENCE = """
SELECT 1.0 * SUM(STARTUP_MS) / NULLIF(SUM(STARTUP_KNOWN), 0) AS STARTUP_MEAN_MS,
       100.0 * SUM(FAILED) / NULLIF(SUM(PLAYS), 0) AS PLAYBACK_FAILURE_PCT,
       100.0 * SUM(STALL_MS) / NULLIF(SUM(PLAYED_MS) + SUM(STALL_MS), 0) AS REBUFFERING_PCT
FROM BI.V_PLATFORM_QUALITY
"""
_SCORES = """
SELECT table_name, count(*) AS partitions, min(total_score) AS lowest, arg_min(partition_key, total_score) AS lowest_of,
       count(*) FILTER (is_refused) AS refused, count(*) FILTER (cardinality(anomalies) > 0) AS unusual
FROM (FROM log WHERE judged_at >= $since QUALIFY row_number() OVER (PARTITION BY table_name, partition_key ORDER BY judged_at DESC) = 1)
GROUP BY ALL ORDER BY lowest, table_name
"""
_RESTATED = """
SELECT table_name, count(DISTINCT partition_key) AS partitions FROM log WHERE restated_at >= $since GROUP BY ALL ORDER BY ALL
"""


@dataclass(slots=True)
class Digest:
    """A day's digest. `kpis` and `experience` are empty where the views have no rows; `unread` names what could not be read, and why."""

    day: date
    kpis: dict[str, Any] = field(default_factory=dict)
    days: Rows = field(default_factory=list)
    titles: Rows = field(default_factory=list)
    experience: dict[str, Any] = field(default_factory=dict)
    scores: Rows = field(default_factory=list)
    restated: Rows = field(default_factory=list)
    overdue: list[Miss] = field(default_factory=list)
    books: ReconcileRecord | None = None
    unread: dict[str, str] = field(default_factory=dict)


def gather(settings: Settings, *, now: datetime) -> Digest:
    """The digest of the day of `now`: the numbers of the newest whole day, and what the lake did in the last 24 hours."""
    digest, lake, since = Digest(now.date()), settings.lake, now - SPAN
    _ask_warehouse(digest, settings)
    digest.scores = _read(digest, "scores", lambda: query_log(lake, "ops.quality_scores", _SCORES, {"since": since})) or []
    digest.restated = _read(digest, "restatements", lambda: query_log(lake, "ops.restatements", _RESTATED, {"since": since})) or []
    digest.overdue = _read(digest, "deadlines", lambda: _overdue(settings, now)) or []
    digest.books = _read(digest, "books", lambda: read_reconcile_record(lake))
    return digest


def _ask_warehouse(digest: Digest, settings: Settings) -> None:
    try:
        connection = warehouse_connection(settings)
    except PlayheadError as error:
        digest.unread["warehouse"] = str(error)
        return
    with closing(connection):

        def ask(sql: str) -> Callable[[], Rows]:
            return lambda: fetch_rows(connection, sql)

        digest.kpis = next(iter(_read(digest, "V_EXECUTIVE_KPIS", ask(_KPIS)) or []), {})
        digest.days = sorted(_read(digest, "V_DAILY_ACTIVE_USERS", ask(_DAYS)) or [], key=lambda row: row["EVENT_DATE"])
        digest.titles = _read(digest, "V_TOP_CONTENT", ask(_TITLES)) or []
        found = next(iter(_read(digest, "V_PLATFORM_QUALITY", ask(_EXPERIENCE)) or []), {})
        digest.experience = found if all(value is not None for value in found.values()) else {}


def _overdue(settings: Settings, now: datetime) -> list[Miss]:
    promised = promises(settings.deadline_scale)
    evidence = read_evidence(settings.lake, settings.home, promised, now=now)
    return [miss for promise in promised.values() for miss in overdue(promise, evidence, now=now)]


def _read(digest: Digest, part: str, read: Callable[[], Found]) -> Found | None:
    try:
        return read()
    except Exception as error:  # whatever is wrong with one part, the others are still told
        logger.warning("part=%s cannot be read", part, exc_info=error)
        digest.unread[part] = f"{type(error).__name__}: {error}".splitlines()[0]
        return None
