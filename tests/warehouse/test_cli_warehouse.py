"""`playhead query` and `playhead views` against the real server, and the job that `playhead load` runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from playhead.cli import app as playhead
from playhead.cli_warehouse import app
from playhead.errors import WarehouseError
from playhead.jobs.load_warehouse import run_load
from playhead.settings import Settings, get_settings


@pytest.fixture
def cli(warehouse: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """The command line with the test's warehouse in its environment."""
    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(warehouse.home))
    monkeypatch.setenv("PLAYHEAD_PORT_BASE", str(warehouse.port_base))
    monkeypatch.setenv("PLAYHEAD_WAREHOUSE_DATABASE", warehouse.warehouse_database)
    get_settings.cache_clear()
    yield CliRunner()
    get_settings.cache_clear()


def test_query__as_json_csv_and_table(cli: CliRunner) -> None:
    sql = "SELECT 1 AS N, 'é,x' AS T, 1.50::NUMBER(10,2) AS D, NULL AS E UNION ALL SELECT 2, 'y', 2, NULL ORDER BY 1"
    rows = json.loads(cli.invoke(app, ["query", sql, "--json"]).output)
    assert rows == [{"N": 1, "T": "é,x", "D": 1.5, "E": None}, {"N": 2, "T": "y", "D": 2, "E": None}]
    assert cli.invoke(app, ["query", sql, "--csv"]).output.splitlines() == ["N,T,D,E", '1,"é,x",1.5,', "2,y,2,"]
    shown = cli.invoke(app, ["query", sql, "--limit", "1"]).output
    assert "é,x" in shown
    assert "1 more rows" in shown


def test_query__that_writes_is_refused_and_changes_nothing(cli: CliRunner) -> None:
    result = cli.invoke(app, ["query", "CREATE TABLE GOLD.T (N INTEGER)"])
    assert isinstance(result.exception, WarehouseError)
    assert "--allow-write" in str(result.exception)


def test_query__unknown_table_is_one_line_with_a_next_step(cli: CliRunner) -> None:
    result = cli.invoke(app, ["query", "SELECT * FROM BI.NOWHERE"])
    assert isinstance(result.exception, WarehouseError)
    assert "playhead views" in str(result.exception)


def test_views__say_how_far_their_data_go(cli: CliRunner, facts: Any) -> None:
    facts.put("gold.audience_daily", facts.row("gold.audience_daily", event_date=facts.day("2026-11-24"), daily_active_viewers_count=1))
    shown = cli.invoke(app, ["views"]).output
    assert "BI.V_TOP_CONTENT" in shown
    assert "2026-11-24" in shown


def test_run_load__of_a_lake_without_builds_makes_the_objects_and_loads_nothing(connection: Any, tmp_path: Path) -> None:
    summary = run_load(connection, lake=str(tmp_path / "lake"), export_root=tmp_path / "export", run_id="r")
    assert (summary["run_id"], summary["partitions"]) == ("r", {})


def test_explain__of_a_row_that_is_not_there_says_so(cli: CliRunner, facts: Any) -> None:
    told = cli.invoke(playhead, ["explain", "v_top_content", "--key", "CONTENT_ID=nothing", "--json"])
    assert json.loads(told.output) == {
        "view": "V_TOP_CONTENT", "keys": {"CONTENT_ID": "nothing"}, "as_of": None, "rows": [], "sources": [], "events": 0, "event_ids": [],
    }  # fmt: skip
    assert "has no row with CONTENT_ID=nothing" in cli.invoke(playhead, ["explain", "V_TOP_CONTENT", "--key", "CONTENT_ID=nothing"]).output
