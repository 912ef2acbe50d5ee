"""docs/tables.md: every table, column and event type, as the contracts say now."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from playhead.cli import app
from playhead.contracts.model import event_types, load_contract, table_names
from playhead.contracts.reference import render_reference

PAGE = Path(__file__).parents[3] / "docs" / "tables.md"


def section(page: str, heading: str) -> str:
    """What stands under a heading."""
    _, _, rest = page.partition(f"### {heading}\n")
    return rest.partition("\n### ")[0].partition("\n## ")[0]


def test_committed_page__is_the_derived_one(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["contracts", "reference", "--write", str(tmp_path / "tables.md")])
    assert outcome.exit_code == 0, outcome.output
    assert PAGE.read_text(encoding="utf-8") == (tmp_path / "tables.md").read_text(encoding="utf-8"), "run `make contracts`"


@pytest.mark.parametrize("name", table_names())
def test_page__tells_of_each_table_what_its_contract_does(name: str) -> None:
    contract, told = load_contract(name), section(render_reference({name: ("silver.other",)}), name)
    assert contract.grain in told
    assert contract.owner in told
    assert "`silver.other`" in told
    assert [column.name for column in contract.columns if f"| `{column.name}` | {column.type} |" not in told] == []


def test_page__tells_of_each_event_type_and_of_what_is_demanded() -> None:
    page = render_reference({})
    assert [name for name in event_types() if f"### event {name}\n" not in page] == []
    buffer = section(page, "event video_buffer")
    assert "| `buffer_duration` | double | required |" in buffer
    assert "`event_id`" not in buffer, "what all events tell is told once"
    probability = next(line for line in section(page, "gold.churn_scores").splitlines() if "`churn_probability`" in line)
    assert probability.endswith("From 0 to 1. |")
    assert "key, pseudonymous" in section(page, "gold.recommendations")
