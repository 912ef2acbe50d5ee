"""The tasks of a build DAG: plan, then stage -> gate -> publish for each phase, then the record that names what belongs together."""

from __future__ import annotations

from typing import Any

from airflow.sdk import TaskGroup

from playhead.contracts.model import load_contract
from playhead.jobs.registry import PHASES, tables_of
from playhead.orchestration.assets import table_asset
from playhead.orchestration.operators import LakehouseJob

# Publishing holds this one-slot pool, so that two runs never publish at the same moment (DESIGN invariant 3).
PUBLISH_POOL = "publish"


def build_tasks(*, gold_tables: list[str], newest_hours: int | None) -> None:
    """Add a build's tasks to the DAG being defined. newest_hours bounds how many touched hours a pull run rebuilds (None: all)."""
    last: Any = LakehouseJob(task_id="plan", job="plan", options={"newest_hours": newest_hours, "gold_tables": gold_tables})
    for phase in PHASES:
        tables = [build.name for build in tables_of(phase, tuple(gold_tables))]
        if not tables:
            continue
        with TaskGroup(phase, tooltip=", ".join(tables)) as group:
            stage = LakehouseJob(task_id="stage", job="stage", options={"phase": phase})
            gate = LakehouseJob(task_id="gate", job="gate", options={"phase": phase}, retries=0)
            publish = LakehouseJob(
                task_id="publish",
                job="publish",
                options={"phase": phase},
                pool=PUBLISH_POOL,
                doc_md="\n".join(f"* **{name}**: {load_contract(name).description}" for name in tables),
            )
            _ = stage >> gate >> publish
        _ = last >> group
        last = group
    record = LakehouseJob(task_id="record", job="record", outlets=[table_asset(name) for name in gold_tables])
    _ = last >> record
