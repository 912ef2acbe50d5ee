"""The tasks of a build DAG: plan, one task per phase (write, audit, publish), then the record that names what belongs together."""

from __future__ import annotations

from playhead.contracts.model import load_contract
from playhead.jobs.registry import PHASES, tables_of
from playhead.orchestration.assets import table_asset
from playhead.orchestration.operators import LakehouseJob


def build_tasks(*, gold_tables: list[str], newest_hours: int | None) -> None:
    """Add a build's tasks to the DAG being defined. newest_hours bounds how many touched hours a pull run rebuilds (None: all)."""
    last = LakehouseJob(task_id="plan", job="plan", options={"newest_hours": newest_hours, "gold_tables": gold_tables})
    for phase in PHASES:
        tables = [build.name for build in tables_of(phase, tuple(gold_tables))]
        if tables:
            doc = "\n".join(f"* **{name}**: {load_contract(name).description}" for name in tables)
            task = LakehouseJob(task_id=phase, job="phase", options={"phase": phase}, doc_md=doc)
            _ = last >> task
            last = task
    record = LakehouseJob(task_id="record", job="record", outlets=[table_asset(name) for name in gold_tables])
    _ = last >> record
