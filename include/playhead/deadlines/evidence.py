"""What promises are judged by: runs that finished, partitions that are held back, loads, and the streaming app's last sign of life."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playhead.deadlines.promises import LOADS, STREAM, Promise
from playhead.io.delta_table import find_table, query_log
from playhead.io.load_record import read_load_record
from playhead.io.partitions import day_key, days_between, partition_end
from playhead.jobs.published import read_cursor
from playhead.jobs.registry import MODELLED
from playhead.jobs.told import Told, Window, read_window
from playhead.observability.heartbeat import read_heartbeat

WINDOW = timedelta(days=35)  # nobody is told of what was due before
_PULLS = """
SELECT dag_id, coalesce(planned_at, finished_at) AS planned_at, finished_at FROM log
WHERE run_kind = 'pull' AND finished_at >= $since ORDER BY finished_at
"""
_DAILY = "gold.user_daily"  # as good as any that the daily build makes
REFUSED = "its gate refused it"
PENDING = "it waits for the daily build"


@dataclass(frozen=True, slots=True)
class Covering:
    """Something that was done at `done_at` with all that was there at `seen_at`, so with each interval that was over by then."""

    seen_at: datetime
    done_at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of each table: what was done, ascending, and which partitions are held back, and why.

    `begun` is when the lake began, from where on promises hold; None where there is none yet. `silence` is the streaming app's last one
    that was too long and is over.
    """

    begun: datetime | None
    coverings: Mapping[str, Sequence[Covering]] = field(default_factory=dict)
    held: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    silence: tuple[datetime, datetime] | None = None


def read_evidence(lake: str, home: Path, promised: Mapping[str, Promise], *, now: datetime, window: Window | None = None) -> Evidence:
    """What the lake's logs and the stack's small records tell now; who has read the logs of these 35 days already gives their window."""
    bronze = find_table(lake, STREAM)
    if bronze is None:
        return Evidence(None)
    begun = datetime.fromtimestamp(bronze.metadata().created_time / 1000, UTC)
    if begun > now:  # by another machine's clock
        return Evidence(None)
    since = max(begun, now - WINDOW)
    told = (window or read_window(lake, days_between(day_key(since), day_key(now)), day_key(now + timedelta(days=1)))).told
    builds = _of_builds(lake, promised.values(), since)
    coverings = {
        **builds,
        **{name: _of_publishes(told.get(name, {}).values()) for name in MODELLED},
        LOADS: _of_loads(lake, builds[_DAILY]),
    }
    beat = read_heartbeat(home)
    if beat is None:
        return Evidence(begun, coverings, _held(lake, told, since))
    alive_at = _moment(beat.alive_at or beat.started_at)
    silence = (_moment(beat.silent_from), _moment(beat.silent_until)) if beat.silent_from and beat.silent_until else None
    coverings[STREAM] = [Covering(alive_at, alive_at)]
    return Evidence(begun, coverings, _held(lake, told, since), silence)


def _of_builds(lake: str, promised: Iterable[Promise], since: datetime) -> dict[str, list[Covering]]:
    runs: dict[str, list[Covering]] = defaultdict(list)
    rows = query_log(lake, "ops.build_log", _PULLS, {"since": since})
    for promise in promised:
        runs[promise.table] = [Covering(row["planned_at"], row["finished_at"]) for row in rows if row["dag_id"] in promise.dags]
    return runs


def _of_publishes(partitions: Iterable[Told]) -> list[Covering]:
    """What models made, a day at a time."""
    return [Covering(at, at) for at in sorted(each.published_at for each in partitions if each.published_at)]


def _of_loads(lake: str, daily: Sequence[Covering]) -> list[Covering]:
    """The last load, which brought what the daily builds before it had made."""
    finished = read_load_record(lake).finished
    if finished is None:
        return []
    done_at = datetime.fromtimestamp(finished, UTC)
    return [Covering(each.seen_at, done_at) for each in daily if each.done_at <= done_at][-1:]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _held(lake: str, told: Mapping[str, Mapping[str, Told]], since: datetime) -> dict[str, dict[str, str]]:
    """Partitions that were never published since they were over: refused ones, and hours that the hourly build left to the daily one."""
    held: dict[str, dict[str, str]] = {}
    pending = [hour for hour in read_cursor(lake).pending_hours if partition_end(hour) > since]
    for table, partitions in told.items():
        waiting = dict.fromkeys(pending, PENDING) if any("T" in key for key in partitions) else {}
        refused = {key: REFUSED for key, each in partitions.items() if each.is_refused}
        held[table] = {key: why for key, why in (waiting | refused).items() if not _is_whole(partitions.get(key), key)}
    return held


def _is_whole(told: Told | None, key: str) -> bool:
    return told is not None and told.published_at is not None and told.published_at >= partition_end(key)
