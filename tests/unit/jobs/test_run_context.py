"""A run as spark-submit is told of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from playhead.jobs.run_context import RunContext

_DAY = (datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 1, 21, tzinfo=UTC))


@pytest.mark.parametrize(
    "run",
    [
        RunContext("build_hourly", "scheduled__1"),
        RunContext("retrain_churn", "manual__1", is_asked=True),
        RunContext("build_daily", "backfill__1", kind="backfill", interval=_DAY),
    ],
)
def test_a_run_survives_its_json(run: RunContext) -> None:
    assert RunContext.from_dict(json.loads(json.dumps(run.to_dict()))) == run
