"""Gate a phase: profile what is staged and let the table's suite and the books refuse partitions, by name and rule, and score them all."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playhead.contracts.model import load_contract
from playhead.errors import BuildError
from playhead.io.run_files import read_json, run_directory, write_json
from playhead.io.side_by_side import under_way
from playhead.io.staged_files import read_staged
from playhead.jobs.audit_counts import audit_staged
from playhead.jobs.plan import Plan, require_plan
from playhead.jobs.registry import BUILDS, tables_of
from playhead.jobs.stage import Manifest, require_manifest
from playhead.quality.gate import CONTEXT_ROOT, open_gate
from playhead.quality.profile import PartitionProfile, empty_profile, profile_partitions
from playhead.quality.score import scored_row

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of one staged table: rows and content hash of every partition, and the rules that refused ones break.

    `scores` are the partitions' rows of ops.quality_scores, which the run's record writes.
    """

    table: str
    rows: dict[str, int]
    hashes: dict[str, str]
    refused: dict[str, list[str]]
    scores: list[dict[str, Any]] = field(default_factory=list)


def gate_phase(
    spark: SparkSession, lake: str, run_id: str, phase: str, *, docs: Path | None = None, context_root: Path = CONTEXT_ROOT
) -> dict[str, list[str]]:
    """Judge every staged table of a phase; returns refused partitions by table.

    A refusal is not an error here: the sound partitions are published first, and the record step raises. Data Docs go to `docs`.
    """
    plan = require_plan(lake, run_id)
    tables = [build.name for build in tables_of(phase, plan.gold_tables)]
    waiting = [require_manifest(lake, run_id, table) for table in tables if read_json(_verdict_path(lake, run_id, table)) is None]
    for verdict in _judge(spark, lake, waiting, plan, docs, context_root):
        write_json(_verdict_path(lake, run_id, verdict.table), asdict(verdict))
    verdicts = [require_verdict(lake, run_id, table) for table in tables]
    for verdict in verdicts:
        for key, codes in sorted(verdict.refused.items()):
            logger.error("run=%s refused %s/%s: %s", run_id, verdict.table, key, ", ".join(codes))
    return {verdict.table: sorted(verdict.refused) for verdict in verdicts if verdict.refused}


def read_verdict(lake: str, run_id: str, table: str) -> Verdict | None:
    """The gate's verdict on a staged table, or None when it has not judged it."""
    values = read_json(_verdict_path(lake, run_id, table))
    return None if values is None else Verdict(**values)


def require_verdict(lake: str, run_id: str, table: str) -> Verdict:
    """The gate's verdict on a staged table.

    Raises:
        BuildError: the gate has not judged it.
    """
    verdict = read_verdict(lake, run_id, table)
    if verdict is None:
        raise BuildError(f"run {run_id}: {table} has not passed the gate; run the gate step of its phase first")
    return verdict


def _judge(
    spark: SparkSession, lake: str, manifests: list[Manifest], plan: Plan, docs: Path | None, context_root: Path
) -> Iterator[Verdict]:
    """The verdict on each table, as its profile comes; the engine profiles the others meanwhile, and events are held against bronze.

    With nothing to judge, the library (8 s of imports) is not even loaded.
    """
    yield from (Verdict(manifest.table, {}, {}, {}) for manifest in manifests if not manifest.partitions)
    built = [manifest for manifest in manifests if manifest.partitions]
    if not built:
        return
    events = [manifest for manifest in built if BUILDS[manifest.table].phase == "silver_events"]
    with (
        under_way(lambda manifest: _profile(spark, lake, manifest), built) as profiles,
        ThreadPoolExecutor(1) as auditor,
        open_gate(docs, context_root) as gate,
    ):
        books = auditor.submit(audit_staged, lake, plan, events)
        for manifest in built:
            gate.prepare(load_contract(manifest.table))
        for manifest, profiled in profiles:
            contract = load_contract(manifest.table)
            broken = gate.refused(contract, profiled, plan.log_id)
            differing = books.result().get(manifest.table, {})
            refused = {key: [*broken.get(key, []), *differing.get(key, [])] for key in sorted({*broken, *differing})}
            by_key = {partition.key: partition for partition in profiled}
            yield Verdict(
                table=manifest.table,
                rows={partition.key: partition.rows_count for partition in profiled},
                hashes={partition.key: partition.content_hash for partition in profiled},
                refused=refused,
                scores=[
                    scored_row(
                        contract,
                        by_key.get(key) or empty_profile(key),
                        differing.get(key, {}),
                        is_refused=key in refused,
                        docs_page=gate.page(contract) if docs else None,
                    )
                    for key in sorted({*by_key, *differing})
                ],
            )


def _profile(spark: SparkSession, lake: str, manifest: Manifest) -> list[PartitionProfile]:
    contract = load_contract(manifest.table)
    return profile_partitions(read_staged(spark, lake, contract, manifest.directory), contract, manifest.partitions)


def _verdict_path(lake: str, run_id: str, table: str) -> str:
    return f"{run_directory(lake, run_id)}/{table}.verdict.json"
