"""Drill-down: the events behind a number of a BI view, in the versions of silver that it was built from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from playhead.errors import SettingsError
from playhead.io.delta_table import query_log, register_table, utc_database
from playhead.warehouse.lineage import ADS, INTERACTIONS, PLAYS, VISITS, Lineage

if TYPE_CHECKING:
    import duckdb

MOST_IDS = 1000
_VIDEO, _APP = "silver.video_events", "silver.session_events"
# Rows that are made from events tell them by an id; within a day of their start, since they last no longer.
_MADE_FROM = {PLAYS: ("playback_id", (_VIDEO,)), VISITS: ("session_id", (_APP, _VIDEO))}
_NEWEST_BUILD = "SELECT published FROM log ORDER BY finished_at DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Source:
    """A table of silver: its version, which of its rows are counted, and how many."""

    table: str
    version: int
    predicate: str
    rows: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """The rows that are counted, by source, and the events that they were made from; of these at most MOST_IDS ids, the oldest first."""

    sources: list[Source]
    events: int
    event_ids: list[str]


def explain(lake: str, lineage: Lineage, keys: Mapping[str, str], as_of: date) -> Explanation:
    """What is behind the rows of a view that have these keys.

    Raises:
        SettingsError: the day that was asked for is none, or nothing has been built yet.
    """
    first, last = _window(lineage, keys, as_of)
    newest = next(iter(query_log(lake, "ops.build_log", _NEWEST_BUILD)), None)
    if newest is None:
        raise SettingsError("nothing has been built yet, so there is nothing to explain; run build_hourly or build_daily")
    versions = {name: int(version) for name, version in dict(newest["published"]).items()}
    read = {table for source in lineage.sources for table in (source, *_MADE_FROM.get(source, ("", ()))[1])}
    conditions = lineage.conditions(keys)
    values = {"first": first, "last": last} | {column: keys[column] for column in conditions}
    with _opened(lake, {table: versions[table] for table in sorted(read) if table in versions}) as database:
        sources: list[Source] = []
        parts: list[str] = []
        for table, also in lineage.sources.items():
            if table not in versions:
                continue
            kept = f"SELECT * FROM {_name(table)} WHERE {_predicate(conditions, also)}"  # noqa: S608 (texts of LINEAGE; values are bound)
            rows = database.execute(f"SELECT count(*) FROM ({kept})", values).fetchall()[0][0]  # noqa: S608
            sources.append(Source(table, versions[table], _told(conditions, also, values), rows))
            parts += _events_of(table, kept, versions)
        told = f"SELECT event_id, min(event_timestamp) AS happened FROM ({' UNION ALL '.join(parts)}) GROUP BY event_id"  # noqa: S608
        first_ones = f"SELECT event_id, count(*) OVER () FROM ({told}) ORDER BY happened, event_id LIMIT {MOST_IDS}"  # noqa: S608
        found = database.execute(first_ones, values).fetchall()
    return Explanation(sources, found[0][1] if found else 0, [row[0] for row in found])


def _window(lineage: Lineage, keys: Mapping[str, str], as_of: date) -> tuple[date, date]:
    """The first and the last day that are counted."""
    if lineage.day is None:
        return as_of - timedelta(days=(lineage.days or 1) - 1), as_of
    try:
        day = date.fromisoformat(keys[lineage.day])
    except ValueError:
        raise SettingsError(f"{lineage.day}={keys[lineage.day]} is no day; write it as {as_of}") from None
    return day, day


def _predicate(conditions: Mapping[str, str], also: str) -> str:
    parts = ["event_date BETWEEN $first AND $last", *(f"CAST({expression} AS VARCHAR) = ${key}" for key, expression in conditions.items())]
    return " AND ".join(parts if also == "true" else [*parts, also])


def _told(conditions: Mapping[str, str], also: str, values: Mapping[str, Any]) -> str:
    """The predicate as a person would write it; it is shown, and never run."""
    quoted = {name: "'" + str(value).replace("'", "''") + "'" for name, value in values.items()}
    days = (
        f"event_date = {quoted['last']}"
        if values["first"] == values["last"]
        else f"event_date BETWEEN {quoted['first']} AND {quoted['last']}"
    )
    parts = [days, *(f"{expression} = {quoted[key]}" for key, expression in conditions.items())]
    return " AND ".join(parts if also == "true" else [*parts, also])


def _events_of(table: str, kept: str, versions: Mapping[str, int]) -> Iterator[str]:
    """The events of the kept rows of a source, as a query each."""
    if table in (INTERACTIONS, ADS):
        yield f"SELECT event_id, event_timestamp FROM ({kept})"  # noqa: S608
        return
    key, made_from = _MADE_FROM[table]
    for events in made_from:
        if events in versions:
            yield (
                f"SELECT e.event_id, e.event_timestamp FROM {_name(events)} e JOIN ({kept}) k USING ({key}) "  # noqa: S608
                "WHERE e.event_date BETWEEN $first AND $last + 1 "
                "AND e.event_timestamp BETWEEN k.started_at AND k.started_at + INTERVAL 24 HOUR"
            )


def _name(table: str) -> str:
    return table.replace(".", "_")


@contextmanager
def _opened(lake: str, versions: Mapping[str, int]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database that reads tables of the lake as they were at a version, by their names."""
    with utc_database() as database:
        for table, version in versions.items():
            register_table(database, lake, table, _name(table), version=version)
        yield database
