"""The analysts' notebook over a real warehouse: its answer is what can be worked out by hand, and it stops where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import papermill
import pytest
from papermill.exceptions import PapermillExecutionError
from snowflake.connector import SnowflakeConnection

from playhead.io.snowflake import execute
from playhead.settings import Settings

Facts = Any  # conftest.Facts
Run = Callable[..., Any]  # a notebook, as nbformat has it
NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "where-viewers-wait.ipynb"
HOUR_MS = 3_600_000


@pytest.fixture
def run(warehouse: Settings, tmp_path: Path) -> Run:
    """Runs the notebook on the test's warehouse, in a kernel of its own."""
    reached = {"port_base": warehouse.port_base, "warehouse_database": warehouse.warehouse_database}

    def go(**parameters: Any) -> Any:
        told = {"settings": reached, **parameters}
        return papermill.execute_notebook(NOTEBOOK, tmp_path / "answer.ipynb", parameters=told, progress_bar=False)

    return go


@pytest.fixture
def filled(facts: Facts) -> Facts:
    """Two platforms, one of which stalls more; three days, of which the newest is still under way."""

    def hour(platform: str, plays: int, watched_h: int, stall_ms: int) -> dict[str, Any]:
        place = {"platform": platform, "device_type": "tv", "player": "shaka", "cdn": "edge-1", "country": "DE", "app_version": "1"}
        sums = {"plays_count": plays, "watched_ms": watched_h * HOUR_MS, "stall_ms": stall_ms}
        return dict(facts.row("gold.qoe_hourly", event_hour=datetime(2026, 11, 23, 5, tzinfo=UTC), **place, **sums))

    def day(text: str, revenue: str) -> dict[str, Any]:
        sums = {"ad_revenue": Decimal(revenue), "watched_ms": 3 * HOUR_MS}
        return dict(facts.row("gold.audience_daily", event_date=facts.day(text), **sums))

    facts.put("gold.qoe_hourly", hour("web", 30, 3, 540_000), hour("ios", 10, 1, 36_000))
    facts.put("gold.audience_daily", day("2026-11-22", "2"), day("2026-11-23", "4"), day("2026-11-24", "100"))
    return facts


def outputs(notebook: Any, kind: str) -> list[Any]:
    """What the cells show of a MIME type, in order."""
    shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    return [data[kind] for data in shown if kind in data]


def test_answer__from_sums_of_all_plays(filled: Facts, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")  # as Streamlit sets it, and containers do: charts are shown all the same
    done = run()
    (answer,) = outputs(done, "application/json")
    assert answer == {
        "as_of": "2026-11-23",
        "stalled_pct": 4.0,  # 540 s + 36 s of 4 h
        "worst": "platform web",
        "usd_per_hour": 1.0,  # $2 + $4 of 3 h + 3 h; the day under way does not count
        # web stalls 540 s, and 4 % of 3 h are 432 s: 108 s are 0.03 h, which cost five times as much; ios stalls less than the mean
        "lost_hours": 0.15,
        "lost_usd": 0.15,
    }
    assert len(outputs(done, "image/png")) == 2, "a chart of who waits, and one of what it costs"


def test_answer__by_the_days_and_the_estimate_that_are_asked_for(filled: Facts, run: Run) -> None:
    (answer,) = outputs(run(first_day="2026-11-23", lost_per_stalled=10.0), "application/json")
    assert answer["usd_per_hour"] == 1.3333  # $4 of 3 h
    assert (answer["lost_hours"], answer["lost_usd"]) == (0.3, 0.4)


def test_no_rows__it_says_which_question_found_none_and_what_to_do(facts: Facts, run: Run) -> None:
    with pytest.raises(PapermillExecutionError, match=r"no row answers .*V_PLATFORM_QUALITY.*; run `playhead load`"):
        run()


def test_no_views__it_says_so(connection: SnowflakeConnection, run: Run) -> None:
    with pytest.raises(PapermillExecutionError, match="the warehouse refused the statement"):
        run()


def test_no_such_days__it_says_which(filled: Facts, run: Run) -> None:
    with pytest.raises(PapermillExecutionError, match="no day from 2020-01-01 to 2020-01-31 is in BI"):
        run(first_day="2020-01-01", last_day="2020-01-31")


def test_a_view_that_lacks_a_column_is_found(filled: Facts, connection: SnowflakeConnection, run: Run) -> None:
    """Negative control."""
    execute(connection, "CREATE OR REPLACE VIEW BI.V_PLATFORM_QUALITY AS SELECT PLATFORM, PLAYER, CDN FROM GOLD.QOE_HOURLY")
    with pytest.raises(PapermillExecutionError, match="the warehouse refused the statement"):
        run()


def test_committed_notebook__has_parameters_and_no_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    assert [cell["id"] for cell in code if "parameters" in cell["metadata"].get("tags", [])] == ["parameters"]
