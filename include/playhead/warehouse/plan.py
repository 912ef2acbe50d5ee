"""What a load has to bring over: partitions whose publish in the lakehouse is not the one the warehouse holds.

Read straight from the Delta logs, without the engine, so that a load with nothing to do ends in well under a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from playhead.contracts.model import built_tables
from playhead.io.delta_table import query_log
from playhead.jobs.registry import BUILDS

BUILD_LOG = "ops.build_log"
PUBLISH_LOG = "ops.publish_log"
_OF_GOLD = """
SELECT table_name, partition_key, table_version, content_hash, published_at FROM log WHERE starts_with(table_name, 'gold.')
"""


@dataclass(frozen=True, slots=True)
class PartitionState:
    """Which content a partition has: the version that published it and its content hash."""

    table_version: int
    content_hash: str


@dataclass(frozen=True, slots=True)
class TableLoad:
    """The partitions of one table to bring over, all read from one version of it."""

    name: str
    read_version: int
    partitions: Mapping[str, PartitionState]


Loaded = Mapping[str, Mapping[str, PartitionState]]


def plan_loads(lake: str, loaded: Loaded) -> list[TableLoad]:
    """Loads of all gold tables that differ from what the warehouse holds."""
    of_gold = query_log(lake, PUBLISH_LOG, _OF_GOLD)
    versions = pinned_versions(query_log(lake, BUILD_LOG, "SELECT finished_at, published FROM log"), of_gold)
    latest = latest_publishes(of_gold, versions)
    loads = [
        TableLoad(name, versions[name], changed(latest[name], loaded.get(name, {}))) for name in built_tables("gold") if name in latest
    ]
    return [load for load in loads if load.partitions]


def pinned_versions(builds: Iterable[Mapping[str, Any]], publishes: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The version that each gold table is read at.

    The newest build_log row that publishes gold names the versions that belong together. A table that builds do not publish (what models
    make) is read at its newest publish.
    """
    versions: dict[str, int] = {}
    for build in sorted(builds, key=lambda row: row["finished_at"], reverse=True):
        versions = {name: version for name, version in dict(build["published"]).items() if name.startswith("gold.")}
        if versions:
            break
    unbuilt: dict[str, int] = {}
    for row in publishes:
        if row["table_name"] not in versions and row["table_name"] not in BUILDS:
            unbuilt[row["table_name"]] = max(row["table_version"], unbuilt.get(row["table_name"], 0))
    return versions | unbuilt


def latest_publishes(rows: Iterable[Mapping[str, Any]], versions: Mapping[str, int]) -> dict[str, dict[str, PartitionState]]:
    """The last publish of every partition, of those that the pinned versions contain; a run that is still going on is not seen."""
    latest: dict[str, dict[str, PartitionState]] = {}
    for row in sorted(rows, key=lambda r: (r["table_version"], r["published_at"])):
        pinned = versions.get(row["table_name"])
        if pinned is not None and row["table_version"] <= pinned:
            state = PartitionState(row["table_version"], row["content_hash"])
            latest.setdefault(row["table_name"], {})[row["partition_key"]] = state
    return latest


def changed(published: Mapping[str, PartitionState], loaded: Mapping[str, PartitionState]) -> dict[str, PartitionState]:
    """Partitions whose published state is not the loaded one. A restored older state counts as changed too."""
    return {key: state for key, state in sorted(published.items()) if loaded.get(key) != state}
