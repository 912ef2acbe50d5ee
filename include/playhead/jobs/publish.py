"""Publish a phase: make the partitions that passed the gate visible, in one commit per table, and log what they were made from."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from playhead.contracts.model import load_contract
from playhead.io.delta_table import append_rows, query_log
from playhead.io.lock import table_lock
from playhead.io.side_by_side import side_by_side
from playhead.io.staged_files import publish_staged
from playhead.jobs.gate import Verdict, require_verdict
from playhead.jobs.plan import Plan, require_plan
from playhead.jobs.published import PublishedPartition, read_published
from playhead.jobs.registry import tables_of
from playhead.jobs.restatements import RESTATEMENTS, Republished, write_receipts
from playhead.jobs.stage import Manifest, require_manifest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

PUBLISH_LOG = "ops.publish_log"
_LOGGED = """
SELECT table_name, count(*) AS partitions FROM log WHERE run_id = $run_id AND list_contains($tables, table_name) GROUP BY ALL
"""
_OTHERS_PUBLISH_S = 1800  # how long a run waits for others to publish: they hold the log meanwhile


def publish_phase(spark: SparkSession, lake: str, run_id: str, phase: str) -> dict[str, int]:
    """Publish every table of a phase; returns how many partitions of each are visible. Numbers of gold that change get a receipt.

    Refused partitions keep what was published before. So do partitions that a run with newer inputs has published meanwhile. Done
    again after any crash it finishes what is left: a table whose log rows are there is passed over, and one that was committed but
    not logged is found by the run's mark on the commit.
    """
    plan = require_plan(lake, run_id)
    tables = [build.name for build in tables_of(phase, plan.gold_tables)]
    staged = {table: (require_manifest(lake, run_id, table), require_verdict(lake, run_id, table)) for table in tables}
    with ExitStack() as locks:
        for table in sorted([*tables, PUBLISH_LOG, RESTATEMENTS]):
            locks.enter_context(table_lock(lake, table, holder=plan.log_id, wait_s=_OTHERS_PUBLISH_S))
        logged = _logged_partitions(lake, plan.log_id, tables)
        published = read_published(lake, tables)
        keys = {
            table: _keys_to_publish(plan, manifest, verdict, published.of(table))
            for table, (manifest, verdict) in staged.items()
            if table not in logged
        }
        changed = [table for table in keys if keys[table]]
        versions = side_by_side(lambda table: _commit(spark, lake, plan, staged[table][0], keys[table]), changed)
        rows: list[dict[str, Any]] = []
        republished: list[Republished] = []
        for table, version in zip(changed, versions, strict=True):
            rows += _log_rows(plan, *staged[table], keys[table], version)
            hashes = {key: staged[table][1].hashes[key] for key in keys[table]}
            republished.append(Republished(table, version, hashes, published.of(table)))
        write_receipts(lake, plan, republished)
        if rows:
            append_rows(lake, PUBLISH_LOG, rows)
    counts = dict.fromkeys(tables, 0) | logged | {table: len(keys[table]) for table in changed}
    logger.info("run=%s published %s", plan.run_id, counts)
    return counts


def superseded_by(last: PublishedPartition, plan: Plan, manifest: Manifest) -> bool:
    """True where a partition was last published from something newer than this run read: its bronze version, or any input's."""
    newer_bronze = plan.bronze_version is not None and last.bronze_version > plan.bronze_version
    return newer_bronze or any(last.inputs.get(table, -1) > version for table, version in manifest.inputs.items())


def _keys_to_publish(plan: Plan, manifest: Manifest, verdict: Verdict, last: dict[str, PublishedPartition]) -> list[str]:
    """Partitions that passed the gate, less those that a run with newer inputs published."""
    passed = [key for key in manifest.partitions if key not in verdict.refused]
    superseded = [key for key in passed if key in last and superseded_by(last[key], plan, manifest)]
    if superseded:
        told = ", ".join(superseded[:5])
        logger.warning("run=%s leaves %d newer partitions of %s as they are: %s", plan.run_id, len(superseded), manifest.table, told)
    return [key for key in passed if key not in superseded]


def _commit(spark: SparkSession, lake: str, plan: Plan, manifest: Manifest, keys: list[str]) -> int:
    """Make the partitions visible, unless an attempt before a crash did; returns the table version that shows them."""
    contract, mark = load_contract(manifest.table), f"playhead run {plan.log_id}"
    return publish_staged(spark, lake, contract, manifest.directory, staged=manifest.partitions, keys=keys, mark=mark)


def _logged_partitions(lake: str, log_id: str, tables: list[str]) -> dict[str, int]:
    """How many partitions of each table the run has logged already."""
    mine = query_log(lake, PUBLISH_LOG, _LOGGED, {"run_id": log_id, "tables": tables})
    return {row["table_name"]: row["partitions"] for row in mine}


def _log_rows(plan: Plan, manifest: Manifest, verdict: Verdict, keys: list[str], version: int) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    return [
        {
            "run_id": plan.log_id,
            "table_name": manifest.table,
            "partition_key": key,
            "dag_id": plan.dag_id,
            "bronze_version": plan.bronze_version,
            "table_version": version,
            "inputs": manifest.inputs,
            "rows_count": verdict.rows[key],
            "content_hash": verdict.hashes[key],
            "published_at": now,
        }
        for key in keys
    ]
