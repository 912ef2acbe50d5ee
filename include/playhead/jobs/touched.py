"""Which partitions a run builds: start hours of touched plays, and gold partitions older than what they are made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.bronze.buildable import BUILDABLE
from playhead.contracts.model import load_contract
from playhead.io.delta import read_table
from playhead.io.partitions import day_key, days_between, predicate, table_predicate, whole_days, widen
from playhead.jobs.plan import Plan
from playhead.jobs.published import Published, PublishedPartition
from playhead.jobs.registry import BUILDS, EVER, PLAY_HOURS, TableBuild

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_HOUR_TEXT = "date_format(event_hour, \"yyyy-MM-dd'T'HH\")"
_FEW_BESIDE = 10  # of the run's own hours to one of those around
_FAMILIES = {"silver.playbacks": ("video",), "silver.sessions": ("session", "video")}


def partitions_to_build(spark: SparkSession, lake: str, plan: Plan, build: TableBuild, published: Published) -> list[str]:
    """Keys of the partitions of a table that the run builds, ascending."""
    if build.phase == "silver_events":
        return list(plan.event_hours)
    if build.phase == "silver_plays":
        return start_hours(spark, lake, plan, build, published)
    stale = stale_partitions(build, published)
    if not plan.is_backfill:
        return stale
    own = plan.event_hours if load_contract(build.name).partition == "event_hour" else whole_days(plan.event_hours)
    return sorted(set(stale) & set(own))


def start_hours(spark: SparkSession, lake: str, plan: Plan, build: TableBuild, published: Published) -> list[str]:
    """Start hours of every play (or session) that has events in the run's event hours.

    An event decides about starts up to 24 h before it (its own play) and after it (a start it takes away), so both the hours where such
    plays are published and those where they start now are rebuilt. Where the hours around are few beside the run's own, all of them are:
    to find out which would cost more. A backfill keeps to its own hours.
    """
    if plan.is_backfill or not plan.event_hours:
        return list(plan.event_hours)
    around = set(widen(plan.event_hours, before=PLAY_HOURS, after=PLAY_HOURS)) - set(plan.event_hours)
    populated = {key for table in (build.name, *build.inputs) for key in published.keys_with_rows(table)}
    candidates = sorted(around & populated)
    if len(candidates) * _FEW_BESIDE <= len(plan.event_hours):
        return sorted({*plan.event_hours, *candidates})
    ids = _touched_ids(spark, lake, plan, build)
    inputs = [
        read_window(spark, lake, name, widen(candidates, before=PLAY_HOURS, after=PLAY_HOURS)).join(ids, ids.columns, "left_semi")
        for name in build.inputs
    ]
    before = read_window(spark, lake, build.name, candidates).join(ids, ids.columns, "left_semi")
    found = build.builder(*inputs).select("event_hour").union(before.select("event_hour"))
    starts = {row.hour for row in found.distinct().selectExpr(f"{_HOUR_TEXT} AS hour").collect()}
    return sorted(set(plan.event_hours) | (starts & set(candidates)))


def stale_partitions(build: TableBuild, published: Published) -> list[str]:
    """Partitions whose inputs were published after the versions they were made from, as make would say; ascending."""
    mine = published.of(build.name)
    newest = _newest_inputs(build, published)
    return sorted(key for key, versions in newest.items() if _is_stale(mine.get(key), versions))


def read_window(spark: SparkSession, lake: str, name: str, keys: list[str], version: int | None = None) -> DataFrame:
    """A published table's rows of the given hours or days."""
    frame = read_table(spark, lake, name, version)
    contract = load_contract(name)
    if contract.partition == "event_hour" and keys and "T" not in keys[0]:
        return frame.where(predicate(keys, "event_date"))
    return frame.where(table_predicate(keys, contract))


def _is_stale(mine: PublishedPartition | None, versions: dict[str, int]) -> bool:
    return mine is None or any(version > mine.inputs.get(table, -1) for table, version in versions.items())


def _newest_inputs(build: TableBuild, published: Published) -> dict[str, dict[str, int]]:
    """For each partition of a table, the newest publish of each of its inputs that reaches it."""
    is_hourly = load_contract(build.name).partition == "event_hour"
    newest: dict[str, dict[str, int]] = {}
    for table in build.inputs:
        for key, partition in published.of(table).items():
            own = key if is_hourly else day_key(key)
            versions = newest.setdefault(own, {})
            versions[table] = max(versions.get(table, -1), partition.table_version)
    return newest if build.reach == (0, 0) else _over_window(build, newest, published)


def _over_window(build: TableBuild, newest: dict[str, dict[str, int]], published: Published) -> dict[str, dict[str, int]]:
    """Spread a day's changes over the days whose window holds it, up to the newest day that has rows."""
    populated = [day_key(key) for table in build.inputs for key in published.keys_with_rows(table)]
    if not populated:
        return {}
    days = days_between(min(populated), max(populated))
    before, after = build.reach
    if before is EVER:
        return _over_history(days, newest)
    return {
        day: versions for day in days if (versions := _newest_of(newest.get(near, {}) for near in widen([day], before=before, after=after)))
    }


def _over_history(days: list[str], newest: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Spread a day's changes over all days after it."""
    spread: dict[str, dict[str, int]] = {}
    until_now: dict[str, int] = {}
    for day in sorted({*days, *newest}):
        until_now = _newest_of([until_now, newest.get(day, {})])
        spread[day] = until_now
    return {day: spread[day] for day in days}


def _newest_of(each: Iterable[dict[str, int]]) -> dict[str, int]:
    """The newest version of each table."""
    newest: dict[str, int] = {}
    for versions in each:
        newest |= {table: max(version, newest.get(table, -1)) for table, version in versions.items()}
    return newest


def _touched_ids(spark: SparkSession, lake: str, plan: Plan, build: TableBuild) -> DataFrame:
    """Ids with events in the run's hours; from bronze, so that an event that is no longer in silver still touches its play."""
    key = load_contract(build.name).key[0]
    bronze = read_table(spark, lake, "bronze.events", plan.bronze_version).where(BUILDABLE)
    families = F.col("family").isin(*_FAMILIES[build.name])
    hours = predicate(plan.event_hours, "event_hour")
    return bronze.where(hours).where(families).where(F.col(key).isNotNull()).select(key).distinct()


def known_inputs(table: str) -> tuple[str, ...]:
    """Tables whose publishes decide what a table has to rebuild, itself among them."""
    return (table, *BUILDS[table].inputs)
