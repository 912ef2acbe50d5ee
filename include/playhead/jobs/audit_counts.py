"""The books of a run: every event minute it has staged is held against bronze before anyone may see it (DESIGN invariant 6).

The comparison is made by another engine than the build, from the files themselves; an hour with a minute that differs is refused.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pyarrow as pa

from playhead.contracts.model import load_contract
from playhead.io.delta_table import append_rows, query_log
from playhead.io.lock import table_lock
from playhead.io.partitions import hour_key
from playhead.io.staged_files import staged_uris
from playhead.quality.profile import WITHOUT_PARTITION
from playhead.quality.reconcile import compare_staged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.jobs.plan import Plan
    from playhead.jobs.stage import Manifest
    from playhead.quality.reconcile import Difference

logger = logging.getLogger(__name__)

AUDIT_COUNTS = "ops.audit_counts"
_COUNTED = "SELECT 1 FROM log WHERE run_id = $run_id LIMIT 1"

# Table -> hour -> codes of what is wrong with it, as the gate tells its refusals, and how many events it is wrong with.
Refusals = dict[str, dict[str, dict[str, int]]]


def audit_staged(lake: str, plan: Plan, manifests: Sequence[Manifest]) -> Refusals:
    """Compare the event tables that a run has staged with the bronze it read; writes ops.audit_counts and returns the hours that differ."""
    built = [manifest for manifest in manifests if manifest.partitions]
    if not built or plan.bronze_version is None:
        return {}
    staged = {manifest.table: staged_uris(lake, load_contract(manifest.table), manifest.directory) for manifest in built}
    compared = compare_staged(lake, plan.event_hours, plan.bronze_version, plan.conflicts_version, staged)
    with table_lock(lake, AUDIT_COUNTS, holder=plan.log_id):
        if not query_log(lake, AUDIT_COUNTS, _COUNTED, {"run_id": plan.log_id}):
            append_rows(lake, AUDIT_COUNTS, compared.counts.add_column(0, "run_id", pa.repeat(plan.log_id, compared.counts.num_rows)))
    return _refusals(plan, compared.differences)


def _refusals(plan: Plan, differences: Sequence[Difference]) -> Refusals:
    refusals: Refusals = {}
    for each in differences:
        logger.error("run=%s the books of %s differ: %s", plan.run_id, each.table, each.to_dict())
        key = WITHOUT_PARTITION if each.minute is None else hour_key(each.minute)
        codes = refusals.setdefault(each.table, {}).setdefault(key, {})
        for name in ("missing", "unexpected", "repeated", "altered"):
            if count := getattr(each, name):
                codes[f"books:{name}"] = codes.get(f"books:{name}", 0) + count
    return refusals
