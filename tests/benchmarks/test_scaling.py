"""`make scaling`: processor time is counted where it is spent, the page says what was measured, and small sizes go through all steps."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.cpu_meter import CpuMeter
from benchmarks.scaling import MEASURED, PAGE, sizes
from benchmarks.scaling_page import BUSY, Cost, costs, render
from benchmarks.scaling_steps import Size, measure_alerts, measure_size

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_BUSY_CHILD = "import sys, time; sys.argv[1]\nwhile time.process_time() < 1: pass\nprint('done', flush=True)\ntime.sleep(60)"


def _spend(kind: str) -> None:
    with subprocess.Popen([sys.executable, "-c", _BUSY_CHILD, kind], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.kill()


def test_processor_time_is_counted_by_what_a_process_is() -> None:
    with CpuMeter({"a-peer": "peer"}) as meter:
        _spend("a-peer")
        _spend("nobody-special")
    assert 0.7 < meter.core_s("peer") < 1.5
    assert 0.7 < meter.core_s() < 1.8


def test_own_work_counts_and_what_was_spent_before_does_not() -> None:
    with subprocess.Popen([sys.executable, "-c", _BUSY_CHILD, "early"], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with CpuMeter() as meter:
            began = time.process_time()
            while time.process_time() < began + 0.5:
                pass
        child.kill()
    assert 0.4 < meter.core_s() < 0.8


def test_three_sizes_of_each() -> None:
    asked = sizes(100, 7)
    assert [size.users for size in asked if size.days == 7] == [100, 200, 400]
    assert [size.days for size in asked if size.users == 100] == [7, 14, 28]


def test_a_cost_is_a_line_and_says_how_many_cores_a_day_takes() -> None:
    # 2 core-seconds a run and 8 a million.
    cost = Cost.fitted([(1_000_000, 10), (2_000_000, 18), (3_000_000, 26)])
    assert (cost.fixed, cost.per_million) == pytest.approx((2, 8))
    # 24 runs x 2 and 100 millions x 8 are 848 core-seconds a day.
    assert cost.cores(100_000_000, 24) == pytest.approx(848 / 86_400 * BUSY)
    most = cost.most_events_a_day(2, 24)
    assert cost.cores(most, 24) == pytest.approx(2)
    assert Cost.fitted([(1, 5), (2, 5), (3, 5)]).most_events_a_day(2, 1) == float("inf")


def _measured(**core_s: float) -> dict[str, Any]:
    """Sizes whose steps cost so many core-seconds a million, and 1 a run."""

    def size(users: int, days: int) -> dict[str, Any]:
        millions = users * days / 1000
        steps = {step.replace("_", " "): {"core_s": 1 + millions * each, "bytes": 50 * millions * 1e6} for step, each in core_s.items()}
        of_day = {"build": {"core_s": 9.0 + days}, "warehouse load": {"core_s": 3.0}}
        return {"users": users, "days": days, "events": round(millions * 1e6), "steps": steps, "last_day": of_day}

    return {
        "sizes": [size(each.users, each.days) for each in sizes(1_000, 7)],
        "alerts": [{"rate": rate, "events": rate * 20, "core_s": 30 + rate / 1000} for rate in (500, 1000, 2000)],
        "date": "2026-02-01 00:00 UTC", "cores": 2, "versions": {"spark": "4"},
    }  # fmt: skip


@pytest.fixture
def measured() -> dict[str, Any]:
    steps = _measured(landing=9, silver=30, gold_hourly=4, gold_daily=20, warehouse_load=2)
    for size in steps["sizes"]:
        size["steps"] = {"landing": size["steps"].pop("landing"), "Kafka reads": {"core_s": 1.0}, **size["steps"]}
    return steps


def test_steps_are_told_in_the_datas_order(measured: dict[str, Any]) -> None:
    found = costs(measured)
    assert list(found) == ["Kafka reads", "landing", "alerts", "silver", "gold hourly", "gold daily", "warehouse load"]
    assert found["silver"].per_million == pytest.approx(30)
    assert found["alerts"].per_million == pytest.approx(50)


def test_the_page_names_what_gives_way_first(measured: dict[str, Any]) -> None:
    for run in measured["alerts"]:
        run["core_s"] = 30.0
    text = render(measured)
    # At 100 billion a day, silver alone: 100,000 x 30 core-seconds and 24 runs, in the busiest hour.
    assert f"| silver | {(24 + 10 * 30) / 86_400 * 3:.2f} |" in text
    assert "* **10 million**: fits on these 2 cores. The largest part is silver" in text
    assert "* **100 billion**: needs" in text
    assert "| one day's build | 16 | 23 | 37 |" in text
    assert "| silver | 50 |" in text
    assert "at the right end from top to bottom: silver, gold daily, landing" in text


def test_committed_page_is_the_one_of_the_committed_figures() -> None:
    assert PAGE.is_file() == MEASURED.is_file()
    if MEASURED.is_file():
        assert PAGE.read_text(encoding="utf-8") == render(json.loads(MEASURED.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_a_small_size_goes_through_every_step(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    found = measure_size(spark, tmp_path, tmp_path / "work", Size(50, 2), rebuilds_day=True)
    assert found["events"] > 1_000
    assert set(found["steps"]) == {"landing", "Kafka reads", "silver", "gold hourly", "gold daily", "warehouse load"}
    assert set(found["last_day"]) == {"build", "warehouse load"}
    assert all(cost["core_s"] > 0 for cost in [*found["steps"].values(), *found["last_day"].values()])
    assert all(cost["bytes"] > 0 for step, cost in found["steps"].items() if step != "Kafka reads")


@pytest.mark.slow
def test_alerts_are_measured_at_a_rate(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    found = measure_alerts(tmp_path, tmp_path / "work", rate=100, seconds=2)
    assert found["events"] == 200
    assert found["core_s"] > 1
