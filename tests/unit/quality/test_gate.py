"""The gate without an engine: its verdicts, what it leaves behind, and what it leaves alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch
from urllib.parse import quote

import pytest
import yaml

from playhead.contracts.model import load_contract
from playhead.errors import ContractError
from playhead.quality.gate import CONTEXT_ROOT, Gate, open_gate
from playhead.quality.profile import PartitionProfile
from playhead.quality.suites import suite_name

HOURLY, DAILY = load_contract("gold.qoe_hourly"), load_contract("gold.user_daily")
RULE = "required:event_date"
SOUND = PartitionProfile("2026-01-01", 3, "hash")
BROKEN = PartitionProfile("2026-01-02", 3, "hash", {RULE: 2})


def _files(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def _pages(docs: Path, table: str) -> list[Path]:
    return list((docs / "validations" / suite_name(table)).rglob("*.html"))


@pytest.mark.parametrize("has_files", [True, False], ids=["checkout", "wheel"])
def test_a_gate_refuses_what_breaks_a_rule_and_renders_what_it_judged(tmp_path: Path, has_files: bool) -> None:
    docs = tmp_path / "docs"
    with open_gate(docs, CONTEXT_ROOT if has_files else tmp_path / "none") as gate:
        assert gate.refused(HOURLY, [SOUND], "run") == {}
        assert gate.refused(DAILY, [SOUND, BROKEN], "run") == {BROKEN.key: [RULE]}
        pages = {contract.name: gate.page(contract) for contract in (HOURLY, DAILY)}

    index = (docs / "index.html").read_text(encoding="utf-8")
    for table in (HOURLY.name, DAILY.name):
        (page,) = _pages(docs, table)
        assert docs / pages[table] == page
        assert quote(page.relative_to(docs).as_posix()) in index
    assert len(list((docs / "results").rglob("*.json"))) == 2


def test_the_index_lists_the_newest_verdicts_and_every_page_stays(tmp_path: Path) -> None:
    """Each gate reads again what the index lists: without a limit, gates would become slower with every run there ever was."""
    config = yaml.safe_load((CONTEXT_ROOT / "great_expectations.yml").read_text(encoding="utf-8"))
    index_builder = config["data_docs_sites"]["local_site"]["site_index_builder"]
    assert index_builder["validation_results_limit"] == 500
    index_builder["validation_results_limit"] = 2
    shutil.copytree(CONTEXT_ROOT / "expectations", tmp_path / "context" / "expectations")
    (tmp_path / "context" / "great_expectations.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    docs = tmp_path / "docs"
    for run in range(3):
        with open_gate(docs, tmp_path / "context") as gate:
            gate.refused(DAILY, [SOUND], f"run-{run}")

    index = (docs / "index.html").read_text(encoding="utf-8")
    assert [run for run in range(3) if f"run-{run}/" in index] == [1, 2]
    assert len(_pages(docs, DAILY.name)) == 3


def test_the_committed_context_stays_as_it_is(tmp_path: Path) -> None:
    before = _files(CONTEXT_ROOT)
    with open_gate(tmp_path) as gate:
        gate.refused(DAILY, [BROKEN], "run")
    assert _files(CONTEXT_ROOT) == before


def test_docs_are_rendered_also_where_a_later_table_cannot_be_judged(tmp_path: Path) -> None:
    unreadable = cast("PartitionProfile", None)
    with pytest.raises(AttributeError), open_gate(tmp_path) as gate:
        _ = [gate.refused(contract, [profile], "run") for contract, profile in ((DAILY, SOUND), (HOURLY, unreadable))]
    assert len(_pages(tmp_path, DAILY.name)) == 1


def test_docs_are_rendered_once_however_many_tables_there_are(tmp_path: Path) -> None:
    rendered: list[Any] = []
    with patch.object(Gate, "write_docs", autospec=True, side_effect=rendered.append), open_gate(tmp_path) as gate:
        for contract in (HOURLY, DAILY):
            gate.refused(contract, [SOUND], "run")
            assert not (tmp_path / "index.html").exists(), "no table renders the site by itself"
    assert len(rendered) == 1


def test_without_docs_nothing_is_rendered() -> None:
    with patch.object(Gate, "write_docs", autospec=True) as write_docs, open_gate(None) as gate:
        assert gate.refused(DAILY, [BROKEN], "run") == {BROKEN.key: [RULE]}
    write_docs.assert_not_called()


def test_a_rule_that_cannot_be_judged_lets_nothing_through() -> None:
    judge = "great_expectations.expectations.core.ExpectColumnMaxToBeBetween._validate"
    with (
        patch(judge, side_effect=TypeError("no number")),
        open_gate(None) as gate,
        pytest.raises(ContractError, match=r"(?s)could not judge.*no number"),
    ):
        gate.refused(DAILY, [SOUND], "run")


def test_a_rule_that_the_contract_does_not_demand_is_no_verdict(tmp_path: Path) -> None:
    shutil.copytree(CONTEXT_ROOT, tmp_path / "context")
    suite = tmp_path / "context" / "expectations" / f"{suite_name(DAILY.name)}.json"
    suite.write_text(suite.read_text(encoding="utf-8").replace(f'"column": "{RULE}"', '"column": "required:gone"'), encoding="utf-8")
    with open_gate(None, tmp_path / "context") as gate, pytest.raises(ContractError, match="expects required:gone, which its contract"):
        gate.refused(DAILY, [SOUND], "run")
