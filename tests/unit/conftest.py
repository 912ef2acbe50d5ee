"""Logs as builds leave them, in any number of commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from deltalake import write_deltalake
from deltalake.transaction import CommitProperties

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_table import append_rows, table_path
from playhead.io.partitions import partition_end
from playhead.io.touched_hours import touched_metadata

Publish = Callable[..., None]
Judge = Callable[..., None]
Land = Callable[..., None]
Build = Callable[..., None]


def _rows(told: dict[str, Any], partitions: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [told | {"table_name": table, "partition_key": key} for table, keys in partitions.items() for key in keys]


@pytest.fixture
def publish(lake: str) -> Publish:
    """Tells of partitions that they were published, in one commit."""

    def publish(partitions: dict[str, list[str]], at: datetime, *, content: str = "a") -> None:
        told: dict[str, Any] = {"dag_id": "build_daily", "bronze_version": 1, "table_version": 1, "inputs": {}, "rows_count": 5}
        told |= {"run_id": f"run {at}", "content_hash": content, "published_at": at}
        append_rows(lake, "ops.publish_log", _rows(told, partitions))

    return publish


@pytest.fixture
def judge(lake: str) -> Judge:
    """Tells of partitions how the gate judged them, in one commit."""

    def judge(
        partitions: dict[str, list[str]],
        at: datetime,
        *,
        total: float = 100.0,
        refused: bool = False,
        unusual: bool = False,
        docs: str | None = None,
    ) -> None:
        scores = dict.fromkeys(("completeness", "uniqueness", "timeliness", "consistency"), 100.0) | {"validity": total}
        told: dict[str, Any] = {f"{name}_score": score for name, score in scores.items()}
        told |= {"run_id": f"run {at}", "dag_id": "build_daily", "rows_count": 5, "content_hash": "a"}
        told |= {"is_refused": refused, "total_score": total, "broken_rules": {}, "watched_means": {}, "compared_weeks_count": 0}
        told |= {"anomalies": {"rows_count": 0.5} if unusual else {}, "contract_version": "1.0.0", "docs_page": docs, "judged_at": at}
        append_rows(lake, "ops.quality_scores", _rows(told, partitions))

    return judge


@pytest.fixture
def land(lake: str) -> Land:
    """Lands events of some hours in bronze, in one commit, which tells its hours or does not."""
    contract = load_contract("bronze.events")
    table = table_path(lake, contract.name)

    def land(hours: list[str], *, tells: bool = True) -> None:
        told = CommitProperties(custom_metadata=touched_metadata(hours) if tells else {})
        write_deltalake(table, arrow_schema(contract).empty_table(), mode="append", commit_properties=told)

    return land


@pytest.fixture
def build(lake: str) -> Build:
    """Tells of a pull build how far it read bronze, and which hours it left for the next."""

    def build(
        bronze_version: int,
        pending: list[str],
        at: datetime,
        *,
        run_id: str | None = None,
        dag: str = "build_hourly",
        touched: Sequence[str] = (),
        refused: Sequence[str] = (),
    ) -> None:
        told: dict[str, Any] = {"dag_id": dag, "run_kind": "pull", "bronze_version": bronze_version, "published": {}}
        told |= {"failed_partitions": refused, "planned_at": at, "finished_at": at, "run_id": run_id or f"run {at}"}
        append_rows(lake, "ops.build_log", [told | {"touched_hours": _starts(touched), "pending_hours": _starts(pending)}])

    return build


def _starts(hours: Sequence[str]) -> list[datetime]:
    return [partition_end(hour) - timedelta(hours=1) for hour in hours]
