"""Publish gold.churn_scores: stage, gate, replace the score date in one commit, log what it was made from."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.model import load_contract
from playhead.errors import BuildError, GateError
from playhead.io.delta import append, read_table, replace_partitions
from playhead.io.lock import table_lock
from playhead.io.run_files import staging_path
from playhead.jobs.publish import PUBLISH_LOG
from playhead.jobs.published import Published, read_published
from playhead.quality.gate import open_gate
from playhead.quality.profile import PartitionProfile, profile_partitions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from playhead.jobs.run_context import RunContext

logger = logging.getLogger(__name__)

TABLE = "gold.churn_scores"


def publish_scores(
    spark: SparkSession,
    lake: str,
    run: RunContext,
    scores: DataFrame,
    score_date: date,
    inputs: dict[str, int],
    *,
    docs: Path | None = None,
) -> int:
    """Make the scores of one day visible if they pass their gate; returns how many users were scored.

    A day that was last published from newer gold keeps those scores. Done again after a crash, the same rows replace themselves.

    Raises:
        GateError: rows break the contract.
        BuildError: gold.user_daily was never published, so the scores cannot say what they were made from.
    """
    contract = load_contract(TABLE)
    staged_at = staging_path(lake, run.key, TABLE)
    scores.write.mode("overwrite").parquet(staged_at)
    staged = spark.read.parquet(staged_at)
    profile = _sound_profile(staged, score_date, run, docs)
    published = read_published(spark, lake, {TABLE, *inputs})
    bronze_version = _bronze_version(published, inputs)
    last = published.of(TABLE).get(profile.key)
    if last is not None and any(last.inputs.get(name, -1) > version for name, version in inputs.items()):
        logger.warning("run=%s leaves %s/%s as a run with newer inputs published it", run.run_id, TABLE, profile.key)
        return last.rows_count
    with table_lock(lake, TABLE, holder=run.key):
        version = replace_partitions(spark, staged, lake, contract, [score_date], metadata=f"playhead run {run.key}")
    with table_lock(lake, PUBLISH_LOG, holder=run.key):
        _log(spark, lake, run, profile, bronze_version=bronze_version, table_version=version, inputs=inputs)
    return profile.rows_count


def _sound_profile(staged: DataFrame, score_date: date, run: RunContext, docs: Path | None) -> PartitionProfile:
    """The profile of the day, which passed its suite; rows of any other day are a defect too."""
    contract = load_contract(TABLE)
    profiles = profile_partitions(staged, contract, [score_date.isoformat()])
    with open_gate(docs) as gate:
        refused = gate.refused(contract, profiles, run.run_id)
    if refused:
        told = "; ".join(f"{TABLE}/{key} ({', '.join(sorted(codes))})" for key, codes in sorted(refused.items()))
        raise GateError(f"run {run.run_id}: the gate refused {told}; what was published before stays: correct the cause, then run again")
    if len(profiles) != 1:
        raise BuildError(
            f"run {run.run_id}: scores of {', '.join(p.key for p in profiles)} instead of {score_date} only; build features again"
        )
    return profiles[0]


def _bronze_version(published: Published, inputs: dict[str, int]) -> int:
    """The newest bronze version that the scores' inputs were built from."""
    versions = [partition.bronze_version for name in inputs for partition in published.of(name).values()]
    if not versions:
        raise BuildError(f"{', '.join(inputs) or 'gold'} was never published, so {TABLE} cannot be; run build_daily first")
    return max(versions)


def _log(
    spark: SparkSession,
    lake: str,
    run: RunContext,
    profile: PartitionProfile,
    *,
    bronze_version: int,
    table_version: int,
    inputs: dict[str, int],
) -> None:
    """The publish_log row; a run that is cleared and run again is a new one there."""
    log = read_table(spark, lake, PUBLISH_LOG).where(F.col("table_name") == TABLE)
    earlier = log.where((F.col("run_id") == run.key) | F.col("run_id").startswith(f"{run.key}~")).count()
    row = {
        "run_id": run.key if earlier == 0 else f"{run.key}~{earlier + 1}",
        "table_name": TABLE,
        "partition_key": profile.key,
        "dag_id": run.dag_id,
        "bronze_version": bronze_version,
        "table_version": table_version,
        "inputs": inputs,
        "rows_count": profile.rows_count,
        "content_hash": profile.content_hash,
        "published_at": datetime.now(UTC),
    }
    append(spark, lake, PUBLISH_LOG, [row])
