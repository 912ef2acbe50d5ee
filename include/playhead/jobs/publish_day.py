"""Publish one day of a table that a model makes: stage, gate, replace the day in one commit, log what it was made from."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.errors import BuildError, GateError
from playhead.io.delta_table import append_rows
from playhead.io.lock import table_lock
from playhead.io.staged_files import publish_staged, read_staged, stage_rows
from playhead.jobs.publish import PUBLISH_LOG
from playhead.jobs.published import Published, next_log_id, read_published
from playhead.jobs.quality_scores import write_scores
from playhead.quality.gate import open_gate
from playhead.quality.profile import PartitionProfile, profile_partitions
from playhead.quality.score import scored_row

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from playhead.contracts.shapes import Contract
    from playhead.jobs.run_context import RunContext

logger = logging.getLogger(__name__)


def publish_day(
    spark: SparkSession,
    lake: str,
    run: RunContext,
    rows: DataFrame,
    contract: Contract,
    day: date,
    inputs: dict[str, int],
    *,
    docs: Path | None = None,
) -> int:
    """Make the rows of one day visible if they pass their gate; returns how many there are.

    A day that was last published from newer gold keeps those rows. Done again after a crash, the same rows replace themselves.

    Raises:
        GateError: rows break the contract.
        BuildError: rows are of another day, or no input was ever published, so that the rows cannot say what they were made from.
    """
    directory = stage_rows(rows, lake, contract, run.key)
    profile, docs_page = _sound_profile(read_staged(spark, lake, contract, directory), contract, day, run, docs)
    published = read_published(lake, {contract.name, *inputs})
    bronze_version = _bronze_version(published, contract, inputs)
    last = published.of(contract.name).get(profile.key)
    if last is not None and any(last.inputs.get(name, -1) > version for name, version in inputs.items()):
        logger.warning("run=%s leaves %s/%s as a run with newer inputs published it", run.run_id, contract.name, profile.key)
        return last.rows_count
    with table_lock(lake, contract.name, holder=run.key):
        days = [day]
        version = publish_staged(spark, lake, contract, directory, staged=days, keys=days, mark=f"playhead {directory}")
    with table_lock(lake, PUBLISH_LOG, holder=run.key):
        log_id = _log(lake, run, contract, profile, bronze_version=bronze_version, table_version=version, inputs=inputs)
    row = scored_row(contract, profile, {}, is_refused=False, docs_page=docs_page)
    write_scores(lake, log_id, run.dag_id, {contract.name: [row]}, as_of=datetime.now(UTC))
    return profile.rows_count


def _sound_profile(
    staged: DataFrame, contract: Contract, day: date, run: RunContext, docs: Path | None
) -> tuple[PartitionProfile, str | None]:
    """The profile of the day, which passed its suite, and the page of Data Docs that says so; rows of any other day are a defect too."""
    profiles = profile_partitions(staged, contract, [day.isoformat()])
    with open_gate(docs) as gate:
        refused = gate.refused(contract, profiles, run.run_id)
        docs_page = gate.page(contract) if docs else None
    if refused:
        told = "; ".join(f"{contract.name}/{key} ({', '.join(sorted(codes))})" for key, codes in sorted(refused.items()))
        raise GateError(f"run {run.run_id}: the gate refused {told}; what was published before stays: correct the cause, then run again")
    if len(profiles) != 1:
        raise BuildError(
            f"run {run.run_id}: {contract.name} of {', '.join(p.key for p in profiles)} instead of {day}; run it from its first step"
        )
    return profiles[0], docs_page


def _bronze_version(published: Published, contract: Contract, inputs: dict[str, int]) -> int:
    """The newest bronze version that the inputs were built from."""
    versions = [partition.bronze_version for name in inputs for partition in published.of(name).values()]
    if not versions:
        raise BuildError(f"{', '.join(inputs) or 'gold'} was never published, so {contract.name} cannot be; run build_daily first")
    return max(versions)


def _log(
    lake: str,
    run: RunContext,
    contract: Contract,
    profile: PartitionProfile,
    *,
    bronze_version: int,
    table_version: int,
    inputs: dict[str, int],
) -> str:
    """Write the publish_log row; returns the run's name there: one that is cleared and run again is a new one."""
    log_id = next_log_id(lake, PUBLISH_LOG, run.key)
    row = {
        "run_id": log_id,
        "table_name": contract.name,
        "partition_key": profile.key,
        "dag_id": run.dag_id,
        "bronze_version": bronze_version,
        "table_version": table_version,
        "inputs": inputs,
        "rows_count": profile.rows_count,
        "content_hash": profile.content_hash,
        "published_at": datetime.now(UTC),
    }
    append_rows(lake, PUBLISH_LOG, [row])
    return log_id
