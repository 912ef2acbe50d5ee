"""Stage a phase: build its partitions where nobody sees them yet, and note what they were made from."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from playhead.contracts.model import load_contract
from playhead.errors import BuildError
from playhead.io.delta import read_table
from playhead.io.delta_table import table_version
from playhead.io.partitions import predicate, table_predicate, widen
from playhead.io.run_files import path_element, read_json, run_directory, write_json
from playhead.io.side_by_side import side_by_side
from playhead.io.staged_files import stage_rows
from playhead.jobs.plan import Plan, require_plan
from playhead.jobs.published import Published, read_published
from playhead.jobs.registry import EVER, TableBuild, tables_of
from playhead.jobs.touched import known_inputs, partitions_to_build, read_window

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is staged of one table: the partitions (also those that came out empty), the input versions they were made from, and where
    the rows lie.
    """

    table: str
    partitions: tuple[str, ...]
    inputs: dict[str, int]
    directory: str


def stage_phase(spark: SparkSession, lake: str, run_id: str, phase: str) -> dict[str, int]:
    """Build every table of a phase where nobody sees it yet; partitions by table. Done again, it keeps what is staged."""
    plan = require_plan(lake, run_id)
    builds = tables_of(phase, plan.gold_tables)
    missing = [build for build in builds if read_manifest(lake, run_id, build.name) is None]
    published = read_published(lake, {name for build in missing for name in known_inputs(build.name)}) if missing else Published({})
    versions = _pinned_versions(lake, plan, missing)

    def stage(build: TableBuild) -> None:
        keys = partitions_to_build(spark, lake, plan, build, published) if plan.bronze_version is not None else []
        manifest = _stage_table(spark, lake, plan, build, keys, versions) if keys else Manifest(build.name, (), {}, "")
        write_json(_manifest_path(lake, run_id, build.name), asdict(manifest))
        logger.info("run=%s table=%s partitions=%d", run_id, build.name, len(keys))

    side_by_side(stage, missing)
    return {build.name: len(require_manifest(lake, run_id, build.name).partitions) for build in builds}


def read_manifest(lake: str, run_id: str, table: str) -> Manifest | None:
    """What is staged of a table, or None when it is not staged."""
    values: dict[str, Any] | None = read_json(_manifest_path(lake, run_id, table))
    return None if values is None else Manifest(values["table"], tuple(values["partitions"]), dict(values["inputs"]), values["directory"])


def require_manifest(lake: str, run_id: str, table: str) -> Manifest:
    """What is staged of a table.

    Raises:
        BuildError: it is not staged.
    """
    manifest = read_manifest(lake, run_id, table)
    if manifest is None:
        raise BuildError(f"run {run_id} has not staged {table}; run the stage step of its phase first")
    return manifest


def _manifest_path(lake: str, run_id: str, table: str) -> str:
    return f"{run_directory(lake, run_id)}/{table}.manifest.json"


def _pinned_versions(lake: str, plan: Plan, builds: list[TableBuild]) -> dict[str, int | None]:
    """The version at which each input is read, None where it does not exist yet: the same for all tables of a phase, bronze as planned."""
    planned = {"bronze.events": plan.bronze_version, "ops.id_conflicts": plan.conflicts_version}
    others = sorted({name for build in builds for name in build.inputs} - planned.keys())
    return planned | {name: table_version(lake, name) for name in others}


def _stage_table(spark: SparkSession, lake: str, plan: Plan, build: TableBuild, keys: list[str], pinned: dict[str, int | None]) -> Manifest:
    """Write the rows of the partitions."""
    versions = {name: pinned[name] for name in build.inputs}
    frames = [_read_input(spark, lake, build, name, keys, versions[name]) for name in build.inputs]
    arguments: list[Any] = [*frames]
    if build.phase == "audience":
        arguments.append([date.fromisoformat(key) for key in keys])
    contract = load_contract(build.name)
    # A row without a partition must reach the gate, which names it; filtering it here would drop it silently.
    wanted = f"({table_predicate(keys, contract)}) OR `{contract.partition}` IS NULL"
    rows = build.builder(*arguments).where(wanted)
    # Finding the first arrivals put events in the order in which they are published.
    directory = stage_rows(rows, lake, contract, path_element(plan.log_id), laid_out=build.phase == "silver_events")
    inputs = {name: version for name, version in versions.items() if version is not None}
    return Manifest(build.name, tuple(keys), inputs, directory)


def _read_input(spark: SparkSession, lake: str, build: TableBuild, name: str, keys: list[str], version: int | None) -> DataFrame:
    """The part of an input that decides about the partitions."""
    if name == "ops.id_conflicts":
        conflicts = read_table(spark, lake, name, version)
        return conflicts if version is not None else conflicts.where(F.lit(False))  # it did not exist when the run was planned
    if name == "bronze.events":
        return read_table(spark, lake, name, version).where(predicate(keys, "event_hour"))
    before, after = build.reach
    if before is EVER:
        return read_table(spark, lake, name, version).where(F.col(load_contract(name).partition) <= F.lit(date.fromisoformat(max(keys))))
    return read_window(spark, lake, name, widen(keys, before=before, after=after), version)
