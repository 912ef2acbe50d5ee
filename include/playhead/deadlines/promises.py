"""What is promised: how soon after an hour or a day is over a table has all of it, to whom, and whose runs keep the promise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from playhead.contracts.model import load_contract
from playhead.io.partitions import day_key, hour_key, partition_end
from playhead.jobs.registry import BUILDS, HOURLY_GOLD, MODELLED
from playhead.observability.heartbeat import STALE_AFTER

Grain = Literal["hour", "day", "moment"]
STREAM, LOADS = "bronze.events", "ops.load_log"
_BUILT_HOURLY = ("build_hourly", "build_daily")
_BUILT_DAILY = ("build_daily",)


@dataclass(frozen=True, slots=True)
class Promise:
    """A table's deadline: each of its intervals is whole `due_after` after its end. `dags` are those whose runs make it so.

    What the streaming app writes has no intervals: of it, a sign of life is due at any moment.
    """

    table: str
    grain: Grain
    due_after: timedelta
    owner: str
    dags: tuple[str, ...]

    def key_of(self, moment: datetime) -> str:
        """The key of the interval that a moment lies in."""
        return hour_key(moment) if self.grain == "hour" else day_key(moment)

    def due_at(self, key: str) -> datetime:
        """When an interval is due."""
        return partition_end(key) + self.due_after


def promises(scale: float = 1.0) -> dict[str, Promise]:
    """Every promise by its table, by the contracts; `scale` multiplies each span, as a drill."""
    found = [_promise(name, _dags(name), scale) for name in BUILDS]
    found += [_promise(name, (dag,), scale) for name, dag in (*MODELLED.items(), (LOADS, "load_warehouse"))]
    stream = Promise(STREAM, "moment", STALE_AFTER, load_contract(STREAM).owner, ("stream_watch",))
    return {promise.table: promise for promise in (stream, *found)}


def tables_kept_by(dag_id: str) -> tuple[str, ...]:
    """The tables whose promise a DAG's scheduled runs keep first of all: of the hourly build those that are due by the hour."""
    return tuple(table for table, promise in promises().items() if promise.dags[0] == dag_id)


def _dags(table: str) -> tuple[str, ...]:
    return _BUILT_HOURLY if table.startswith("silver.") or table in HOURLY_GOLD else _BUILT_DAILY


def _promise(table: str, dags: tuple[str, ...], scale: float) -> Promise:
    contract = load_contract(table)
    grain: Grain = "hour" if contract.partition == "event_hour" else "day"
    return Promise(table, grain, timedelta(minutes=contract.freshness_minutes * scale), contract.owner, dags)
