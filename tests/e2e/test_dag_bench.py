"""The bench `dag` on the demo's stack: what it measures of a run of build_hourly that finds nothing new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.dag import BENCH, build

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_run_starts_no_jvm_and_restarts_nothing(demo: Any, tmp_path: Path) -> None:
    measured = build(demo.settings, tmp_path / "before", tmp_path)
    assert measured.details["jvm_starts"] == measured.details["restarts"] == 0
    assert measured.details["wall_s"] > measured.details["tasks_s"] > 0
    assert measured.details["wall_s"] > measured.details["spark_s"] >= 0
    assert set(BENCH.goal.limited) <= {"figure", *measured.details}
    assert measured.produced == {}
    assert (tmp_path / "before" / "gold" / "qoe_hourly").is_dir()
