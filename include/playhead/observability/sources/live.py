"""gold.qoe_live, as it is now: the newest whole minute, and the plays open in the newest one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from playhead.io.delta_table import query_log
from playhead.observability import metrics as m

TABLE = "gold.qoe_live"
MOST_COUNTRIES = 30
_OTHER = "other"
_RECENT = timedelta(hours=1)
# A group has rows of every minute until its last play has ended, so that its newest row tells how many are open.
_NOW = """
WITH recent AS (SELECT * FROM log WHERE event_hour >= date_trunc('hour', $since::TIMESTAMPTZ) AND event_minute >= $since),
     timed AS (SELECT *, max(event_minute) OVER () AS newest FROM recent),
     told AS (SELECT *, event_minute = newest - INTERVAL 1 MINUTE AS is_whole FROM timed)
SELECT country, platform, any_value(newest) AS newest, arg_max(open_count, event_minute) AS open_count,
       coalesce(sum(plays_count) FILTER (is_whole), 0)::BIGINT AS plays_count,
       coalesce(sum(failed_count) FILTER (is_whole), 0)::BIGINT AS failed_count,
       coalesce(sum(stall_ms) FILTER (is_whole), 0)::BIGINT AS stall_ms,
       coalesce(sum(open_ms) FILTER (is_whole), 0)::BIGINT AS open_ms,
       coalesce(sum(ad_impressions_count) FILTER (is_whole), 0)::BIGINT AS ad_impressions_count,
       coalesce(sum(ad_errors_count) FILTER (is_whole), 0)::BIGINT AS ad_errors_count
FROM told GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Group:
    """A country and platform now. `open_count` is of `newest`, the minute under way; the others are of the minute before it."""

    country: str
    platform: str
    newest: datetime
    open_count: int
    plays_count: int
    failed_count: int
    stall_ms: int
    open_ms: int
    ad_impressions_count: int
    ad_errors_count: int


def read_now(lake: str, *, now: datetime | None = None) -> list[Group]:
    """What the last hour of the table tells of now, for each country and platform in it; empty where nothing has happened so long."""
    since = (now or datetime.now(UTC)) - _RECENT
    return [Group(**row) for row in query_log(lake, TABLE, _NOW, {"since": since})]


def read_live(lake: str, *, now: datetime | None = None) -> m.Readings:
    """The numbers of now by country and platform; countries beyond the busiest are `other`. Nothing where nothing happens."""
    now = now or datetime.now(UTC)
    groups = read_now(lake, now=now)
    if not groups:
        return {}
    countries = _busiest(groups)
    readings: m.Readings = {m.LIVE_AGE: {(): (now - groups[0].newest).total_seconds()}}
    for metric, value in _VALUES.items():
        counted: dict[tuple[str, ...], float] = {}
        for group in groups:
            labels = (group.country if group.country in countries else _OTHER, group.platform)
            counted[labels] = counted.get(labels, 0.0) + value(group)
        readings[metric] = counted
    return readings


_VALUES: dict[m.Metric, Callable[[Group], float]] = {
    m.LIVE_OPEN: lambda group: group.open_count,
    m.LIVE_PLAYS: lambda group: group.plays_count,
    m.LIVE_FAILED: lambda group: group.failed_count,
    m.LIVE_STALL_SECONDS: lambda group: group.stall_ms / 1000,
    m.LIVE_OPEN_SECONDS: lambda group: group.open_ms / 1000,
    m.LIVE_AD_IMPRESSIONS: lambda group: group.ad_impressions_count,
    m.LIVE_AD_ERRORS: lambda group: group.ad_errors_count,
}


def _busiest(groups: Sequence[Group]) -> set[str]:
    busy: Counter[str] = Counter()
    for group in groups:
        busy[group.country] += group.open_count + group.plays_count
    return {country for country, _ in busy.most_common(MOST_COUNTRIES)}
