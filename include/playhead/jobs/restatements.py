"""Receipts for published numbers that change: the old value, the new one, the cause and the run.

A number of gold counts as told once its hour or day was over when it was published: until then it grows with every build. Both values are
totals that another engine than the build reads from the stored files, so a receipt says what a reader of the table saw and sees.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import duckdb
from deltalake.exceptions import DeltaError

from playhead.contracts.model import load_contract
from playhead.contracts.shapes import Contract, decimal_size
from playhead.io.delta_table import append_rows, query_log
from playhead.io.partitions import day_key, hour_key, partition_end, partition_hours, widen
from playhead.io.touched_hours import read_touched_hours
from playhead.jobs.plan import Plan
from playhead.jobs.published import PublishedPartition
from playhead.jobs.registry import BUILDS, EVER, PLAY_HOURS

logger = logging.getLogger(__name__)

RESTATEMENTS = "ops.restatements"
ROWS = "rows_count"

Cause = Literal["late_data", "replay", "id_conflict", "backfill", "rebuild"]
Totals = dict[str, dict[str, Decimal]]

_RECEIPTED = "SELECT DISTINCT table_name FROM log WHERE run_id = $run_id"
_SINCE = """
SELECT * FROM log WHERE restated_at >= $since AND ($table IS NULL OR table_name = $table)
ORDER BY restated_at DESC, table_name, partition_key, measure_name
"""
_REPLAYED = """
SELECT event_hour, count(*) AS records FROM log
WHERE replay_of IS NOT NULL AND event_hour IS NOT NULL AND landed_date >= $since GROUP BY ALL
"""
_CONFLICTS = "SELECT DISTINCT event_hour FROM log WHERE conflict = 'other_hour' AND found_at > $since"


@dataclass(frozen=True, slots=True)
class Republished:
    """A table that a run has just published: the version that shows it, its partitions' content, and what was published of them before."""

    table: str
    version: int
    hashes: Mapping[str, str]
    before: Mapping[str, PublishedPartition]

    def restated(self) -> list[str]:
        """Keys of the partitions that were told before and hold something else now, ascending."""
        return sorted(key for key, content in self.hashes.items() if _is_told(key, self.before.get(key), content))


def write_receipts(lake: str, plan: Plan, published: Sequence[Republished]) -> None:
    """Append the receipts of what a run has published of gold, once per table. The caller holds the log's lock."""
    restated = [(each, keys) for each in published if each.table.startswith("gold.") and (keys := each.restated())]
    if not restated:
        return
    written = {row["table_name"] for row in query_log(lake, RESTATEMENTS, _RECEIPTED, {"run_id": plan.log_id})}
    rows = [row for each, keys in restated if each.table not in written for row in _receipts(lake, plan, each, keys)]
    if rows:
        append_rows(lake, RESTATEMENTS, rows)


def read_receipts(lake: str, *, since: datetime, table: str | None = None) -> list[dict[str, Any]]:
    """Receipts written since a moment, of one table or of all, the newest first."""
    return query_log(lake, RESTATEMENTS, _SINCE, {"since": since, "table": table})


def read_totals(lake: str, contract: Contract, version: int, keys: Sequence[str]) -> Totals:
    """What a version of a table adds up to, by partition: its rows, and each of its measures.

    Raises:
        DeltaError, OSError, duckdb.Error: the version, or a file of it, is gone.
    """
    sums = ", ".join(f'coalesce(sum("{name}"), 0)::DECIMAL(38, 6) AS "{name}"' for name in measures(contract))
    sql = f'SELECT "{contract.partition}" AS part, count(*)::DECIMAL(38, 6) AS {ROWS}, {sums} FROM log GROUP BY ALL'  # noqa: S608  (a contract's names)
    rows = query_log(lake, contract.name, sql, version=version, days={day_key(key) for key in keys})
    as_key = hour_key if contract.partition == "event_hour" else day_key
    totals = {as_key(row.pop("part")): row for row in rows}
    return {key: totals.get(key, {}) for key in keys}


def measures(contract: Contract) -> list[str]:
    """Columns of a table whose total is exact: its required counts and amounts; none where rows of several breakdowns tell of the same."""
    if "breakdown" in contract.key:
        return []
    return [c.name for c in contract.columns if c.required and not c.is_key and (c.type in {"int", "bigint"} or decimal_size(c.type))]


@dataclass(frozen=True)
class _Arrivals:
    """What came between the versions of bronze that an earlier publish and this run were made from, by event hour."""

    lake: str
    plan: Plan
    before: PublishedPartition

    @cached_property
    def touched(self) -> set[str] | None:
        upto = self.plan.bronze_version
        return set() if upto is None else read_touched_hours(self.lake, "bronze.events", after=self.before.bronze_version, upto=upto)

    @cached_property
    def replayed(self) -> set[str]:
        then, now = self._replays(self.before.bronze_version), self._replays(self.plan.bronze_version)
        return {hour for hour, records in now.items() if records > then.get(hour, 0)}

    @cached_property
    def conflicting(self) -> set[str]:
        found = query_log(self.lake, "ops.id_conflicts", _CONFLICTS, {"since": self.before.published_at})
        return {hour_key(row["event_hour"]) for row in found}

    def cause(self, first: str, last: str) -> Cause:
        """Why a number that is made from the event hours from first to last changed."""

        def is_among(hours: set[str]) -> bool:
            return any(first <= hour <= last for hour in hours)

        if is_among(self.replayed):
            return "replay"
        if self.touched is None or is_among(self.touched):
            return "late_data"
        if is_among(self.conflicting):
            return "id_conflict"
        return "backfill" if self.plan.is_backfill else "rebuild"

    def _replays(self, version: int | None) -> dict[str, int]:
        # Records that were replayed after the publish landed after it; the day before it is for clocks that differ.
        since = (self.before.published_at - timedelta(days=1)).date()
        rows = query_log(self.lake, "bronze.events", _REPLAYED, {"since": since}, version=version)
        return {hour_key(row["event_hour"]): row["records"] for row in rows}


def _receipts(lake: str, plan: Plan, published: Republished, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    contract = load_contract(published.table)
    now = datetime.now(UTC)
    new = read_totals(lake, contract, published.version, keys)
    old: Totals = {}
    for version in {published.before[key].table_version for key in keys}:
        old |= _totals_as_told(lake, contract, version, [key for key in keys if published.before[key].table_version == version])
    arrivals: dict[int, _Arrivals] = {}
    for key in keys:
        before = published.before[key]
        cause = arrivals.setdefault(before.bronze_version, _Arrivals(lake, plan, before)).cause(*_event_hours(published.table, key))
        logger.info("run=%s restates %s/%s: %s", plan.run_id, published.table, key, cause)
        for measure in [ROWS, *measures(contract)]:
            was = old[key].get(measure, Decimal(0)) if key in old else None
            value = new[key].get(measure, Decimal(0))
            if measure == ROWS or was != value:
                yield {
                    "run_id": plan.log_id,
                    "table_name": published.table,
                    "partition_key": key,
                    "measure_name": measure,
                    "dag_id": plan.dag_id,
                    "cause": cause,
                    "old_value": was,
                    "new_value": value,
                    "published_at": before.published_at,
                    "restated_at": now,
                }


def _totals_as_told(lake: str, contract: Contract, version: int, keys: Sequence[str]) -> Totals:
    """As read_totals, and nothing where the files of that version have been removed since."""
    try:
        return read_totals(lake, contract, version, keys)
    except (DeltaError, OSError, duckdb.Error):
        logger.warning("%s as of version %d cannot be read any more, so receipts tell no old value", contract.name, version)
        return {}


def _event_hours(table: str, key: str) -> tuple[str, str]:
    """The first and the last of the event hours that a partition is made from: plays reach a day into their neighbours."""
    before, after = BUILDS[table].reach
    days = widen([key], before=before or 0, after=after)
    hours = widen((hour for day in days for hour in partition_hours(day)), before=PLAY_HOURS, after=PLAY_HOURS)
    return "" if before is EVER else hours[0], hours[-1]


def _is_told(key: str, before: PublishedPartition | None, content: str) -> bool:
    return before is not None and before.content_hash != content and before.published_at >= partition_end(key)
