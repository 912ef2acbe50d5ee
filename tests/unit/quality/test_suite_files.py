"""The committed suites are what the contracts say now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from playhead.contracts.model import load_contract
from playhead.quality.contract_rules import row_rules, rule_codes
from playhead.quality.gate import CONTEXT_ROOT
from playhead.quality.suites import gated_tables, suite_document, suite_name, suite_text, write_suites


@pytest.mark.parametrize("table", gated_tables())
def test_committed_suite__is_the_derived_one(table: str) -> None:
    committed = CONTEXT_ROOT / "expectations" / f"{suite_name(table)}.json"

    assert committed.read_text(encoding="utf-8") == suite_text(load_contract(table)), "run `playhead contracts suites`"


def test_committed_suites__are_of_known_tables() -> None:
    committed = {path.stem for path in (CONTEXT_ROOT / "expectations").glob("*.json")}

    assert committed == {suite_name(table) for table in gated_tables()}


def test_context__is_no_package() -> None:
    """An __init__.py here would shadow the library."""
    assert not (CONTEXT_ROOT / "__init__.py").exists()


def test_suite__has_one_expectation_per_rule() -> None:
    contract = load_contract("silver.playbacks")

    columns = [expectation["kwargs"]["column"] for expectation in suite_document(contract)["expectations"]]

    assert columns == list(rule_codes(contract))
    assert len(set(columns)) == len(columns)
    assert {"required:viewer_id", "range:watched_ms", "enum:platform", "length:playback_id", "pattern:country"} < set(columns)
    assert {"consistent:event_date", "consistent:event_hour", "unique:key"} < set(columns)


def test_write_suites__twice_changes_nothing_and_removes_strays(tmp_path: Path) -> None:
    first = {path: path.read_text() for path in write_suites(tmp_path)}
    (tmp_path / "expectations" / "silver__gone.json").write_text("{}")

    second = {path: path.read_text() for path in write_suites(tmp_path)}

    assert second == first
    assert all(json.loads(text)["name"] == path.stem for path, text in second.items())
    assert {path.name for path in (tmp_path / "expectations").iterdir()} == {path.name for path in first}


def test_row_rules__text_with_quotes_stays_text() -> None:
    rules = {rule.code: rule.broken for rule in row_rules(load_contract("silver.video_events"))}

    assert rules["pattern:country"] == r"NOT `country` RLIKE '^[A-Z]{2}\\z'"
    assert rules["range:stall_ms"] == "`stall_ms` < 0"
    assert rules["consistent:event_hour"] == "`event_hour` <> date_trunc('HOUR', `event_timestamp`)"
