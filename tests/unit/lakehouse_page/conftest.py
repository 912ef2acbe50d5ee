"""Logs as builds leave them, in any number of commits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from playhead.io.delta_table import append_rows

Publish = Callable[..., None]
Judge = Callable[..., None]


@pytest.fixture
def publish(lake: str) -> Publish:
    """Tells of partitions that they were published, in one commit."""

    def publish(table: str, keys: list[str], at: datetime, *, content: str = "a") -> None:
        told: dict[str, Any] = {"dag_id": "build_daily", "bronze_version": 1, "table_version": 1, "inputs": {}, "rows_count": 5}
        told |= {"run_id": f"run {at}", "table_name": table, "content_hash": content, "published_at": at}
        append_rows(lake, "ops.publish_log", [told | {"partition_key": key} for key in keys])

    return publish


@pytest.fixture
def judge(lake: str) -> Judge:
    """Tells of partitions how the gate judged them, in one commit."""

    def judge(table: str, keys: list[str], at: datetime, *, total: float = 100.0, refused: bool = False, unusual: bool = False) -> None:
        scores = dict.fromkeys(("completeness", "uniqueness", "timeliness", "consistency"), 100.0) | {"validity": total}
        told: dict[str, Any] = {f"{name}_score": score for name, score in scores.items()}
        told |= {"run_id": f"run {at}", "table_name": table, "dag_id": "build_daily", "rows_count": 5, "content_hash": "a"}
        told |= {"is_refused": refused, "total_score": total, "broken_rules": {}, "watched_means": {}, "compared_weeks_count": 0}
        told |= {"anomalies": {"rows_count": 0.5} if unusual else {}, "contract_version": "1.0.0", "docs_page": None, "judged_at": at}
        append_rows(lake, "ops.quality_scores", [told | {"partition_key": key} for key in keys])

    return judge
