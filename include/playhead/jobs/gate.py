"""Gate a phase: profile what is staged and let the table's suite refuse partitions, by name and rule."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.contracts.model import load_contract
from playhead.errors import BuildError
from playhead.io.run_files import read_json, run_directory, write_json
from playhead.io.staged_files import read_staged
from playhead.jobs.plan import require_plan
from playhead.jobs.registry import tables_of
from playhead.jobs.side_by_side import side_by_side
from playhead.jobs.stage import Manifest, require_manifest
from playhead.quality.gate import CONTEXT_ROOT, open_gate
from playhead.quality.profile import PartitionProfile, profile_partitions

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of one staged table: rows and content hash of every partition, and the rules that refused ones break."""

    table: str
    rows: dict[str, int]
    hashes: dict[str, str]
    refused: dict[str, list[str]]


def gate_phase(
    spark: SparkSession, lake: str, run_id: str, phase: str, *, docs: Path | None = None, context_root: Path = CONTEXT_ROOT
) -> dict[str, list[str]]:
    """Judge every staged table of a phase; returns refused partitions by table.

    A refusal is not an error here: the sound partitions are published first, and the record step raises. Data Docs go to `docs`.
    """
    plan = require_plan(lake, run_id)
    tables = [build.name for build in tables_of(phase, plan.gold_tables)]
    waiting = [require_manifest(lake, run_id, table) for table in tables if read_json(_verdict_path(lake, run_id, table)) is None]
    found = side_by_side(lambda manifest: _profile(spark, lake, manifest), waiting)
    profiles = {manifest.table: profile for manifest, profile in zip(waiting, found, strict=True)}
    refused = _judge(profiles, plan.log_id, docs, context_root)
    for table, profile in profiles.items():
        verdict = Verdict(
            table=table,
            rows={partition.key: partition.rows_count for partition in profile},
            hashes={partition.key: partition.content_hash for partition in profile},
            refused=refused[table],
        )
        write_json(_verdict_path(lake, run_id, table), asdict(verdict))
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


def _profile(spark: SparkSession, lake: str, manifest: Manifest) -> list[PartitionProfile]:
    if not manifest.partitions:
        return []
    contract = load_contract(manifest.table)
    return profile_partitions(read_staged(spark, lake, contract, manifest.directory), contract, manifest.partitions)


def _judge(
    profiles: dict[str, list[PartitionProfile]], run_name: str, docs: Path | None, context_root: Path
) -> dict[str, dict[str, list[str]]]:
    """Refused partitions with their rules, by table. With nothing to judge, the library (8 s of imports) is not even loaded."""
    if not any(profiles.values()):
        return {table: {} for table in profiles}
    with open_gate(docs, context_root) as gate:
        return {table: gate.refused(load_contract(table), profile, run_name) for table, profile in profiles.items()}


def _verdict_path(lake: str, run_id: str, table: str) -> str:
    return f"{run_directory(lake, run_id)}/{table}.verdict.json"
