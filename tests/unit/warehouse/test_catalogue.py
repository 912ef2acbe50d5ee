"""The catalogue of business metrics: it and the BI views are in step, and docs/metrics.md is what both say now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlglot
from typer.testing import CliRunner

from playhead.cli import app
from playhead.contracts.model import contracts, field_dictionary
from playhead.errors import ContractError
from playhead.warehouse.catalogue import absent, chosen_views, metrics_of
from playhead.warehouse.schema import sql_names, view_statement

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def shown(view: str) -> set[str]:
    """Names of a view's columns, in small letters."""
    return {name.lower() for name in sqlglot.parse_one(view_statement(view), read="snowflake").expression.named_selects}


def test_every_view_is_described_and_nothing_else() -> None:
    views = contracts().views
    assert list(views) == sql_names("views")
    assert [name for name, view in views.items() if not (view.description and view.grain and view.owner)] == []


@pytest.mark.parametrize("view", sql_names("views"))
def test_every_column_is_described(view: str) -> None:
    told = metrics_of(view)
    assert {metric.column.lower() for metric in told} == shown(view)
    assert [metric.column for metric in told if not (metric.meaning and metric.formula and metric.defined_by)] == []


def test_a_column_that_nobody_describes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control."""
    monkeypatch.delitem(contracts().metrics, "view_rank")
    with pytest.raises(ContractError, match="nobody says what VIEW_RANK of v_top_content means; describe view_rank"):
        metrics_of("v_top_content")


def test_nothing_is_described_that_no_view_shows() -> None:
    assert set(contracts().metrics) - set().union(*map(shown, sql_names("views"))) == set()


def test_a_name_is_described_twice_only_where_it_means_something_else() -> None:
    fields = field_dictionary()
    twice = {name: column.description for name, column in contracts().metrics.items() if name in fields}
    assert "is_late" in twice, "of an event in a table, of a table in the view"
    assert [name for name, meaning in twice.items() if meaning == fields[name].description] == []


def test_who_defines_a_metric_can_be_looked_up() -> None:
    named = {name for column in (*contracts().metrics.values(), *field_dictionary().values()) for name in column.defined_by}
    assert named == set(contracts().publications) == {"CTA-2066", "Conviva", "Mux", "Snowplow", "VAST"}


def test_what_is_not_carried_is_in_no_event_and_what_is_not_built_could_be() -> None:
    missing, fields = absent(), set(field_dictionary())
    assert [each["what"] for each in missing["not_carried"] if each["field"] in fields] == []
    assert [each["what"] for each in missing["not_built"] if not set(each["made_from"]) <= fields] == []


def test_committed_page__is_the_derived_one(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["metrics", "--write", str(tmp_path / "metrics.md")])
    assert outcome.exit_code == 0, outcome.output
    assert PAGE.read_text(encoding="utf-8") == (tmp_path / "metrics.md").read_text(encoding="utf-8"), "run `make contracts`"


def test_page__tells_of_a_metric_what_it_is_who_says_so_and_how_it_is_reckoned() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## V_PLATFORM_QUALITY")[2]
    row = next(line for line in section.splitlines() if line.startswith("| `EBVS_PCT`"))
    assert "| Conviva, Mux | `100 * sum(exits_before_start_count) / nullif(sum(plays_count), 0)` |" in row
    assert "`gold.qoe_hourly.exits_before_start_count`" in row


@pytest.mark.parametrize("name", ["V_TOP_CONTENT", "BI.V_TOP_CONTENT", "v_top_content"])
def test_metrics__of_one_view(name: str) -> None:
    told = json.loads(CliRunner().invoke(app, ["metrics", name, "--json"]).stdout)
    assert {metric["view"] for metric in told} == {"BI.V_TOP_CONTENT"}
    assert told[0] == {
        "view": "BI.V_TOP_CONTENT",
        "column": "VIEW_RANK",
        "meaning": "Place by plays; 1 is the most.",
        "defined_by": ["ours"],
        "formula": "rank() OVER (ORDER BY sum(plays_count) DESC)",
        "sources": ["gold.content_daily.plays_count"],
    }


def test_metrics__as_a_table() -> None:
    printed = CliRunner().invoke(app, ["metrics", "v_user_cohorts"], env={"COLUMNS": "200"}).output
    (view,) = chosen_views("v_user_cohorts")
    assert f"V_USER_COHORTS: {view.description} Grain: {view.grain}. Owner: {view.owner}." in printed
    assert "100 * coalesce(active_users, 0) / cohort_size" in printed
