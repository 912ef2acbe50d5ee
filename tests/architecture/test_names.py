"""One name per table everywhere: contract = module = builder = test = suite (STYLE rule 1)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from playhead.contracts.model import built_tables, event_types, field_dictionary, load_contract, table_names
from playhead.jobs.registry import MODELLED
from playhead.quality.suites import gated_tables
from playhead.warehouse.schema import loaded_contracts

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "include" / "playhead"
# Models make their tables by jobs of their own, not by a transform of their layer.
BUILT = [n for layer in ("silver", "gold") for n in table_names(layer) if n not in MODELLED]


@pytest.mark.parametrize("name", [*BUILT, "bronze.events"])
def test_table_has_module_builder_and_test_by_its_name(name: str) -> None:
    layer, table = name.split(".")
    module = PACKAGE / layer / f"{table}.py"
    functions = {n.name for n in ast.parse(module.read_text()).body if isinstance(n, ast.FunctionDef)}
    assert f"build_{table}" in functions
    by_writer = {"batch": "spark", "stream": "unit" if layer == "bronze" else "stream"}  # bronze is built without Spark
    engine = by_writer[load_contract(name).writer]
    assert (ROOT / "tests" / engine / layer / f"test_{table}.py").is_file()


@pytest.mark.parametrize("name", [n for layer in ("silver", "gold") for n in built_tables(layer)])
def test_table_has_a_generated_suite_by_its_name(name: str) -> None:
    assert (ROOT / "great_expectations" / "expectations" / f"{name.replace('.', '__')}.json").is_file()


def test_every_table_has_owner_freshness_grain_and_writer() -> None:
    for name in table_names():
        contract = load_contract(name)
        assert contract.owner, name
        assert contract.freshness_minutes > 0, name
        assert contract.grain, name
        assert contract.writer in {"stream", "batch", "watcher"}, name
        assert contract.key, name


def test_what_the_streaming_app_writes_is_neither_gated_nor_loaded_nor_maintained_by_the_engine() -> None:
    streamed = {name for name in table_names() if load_contract(name).writer == "stream"}
    assert {"bronze.events", "gold.qoe_live", "ops.alerts_log"} <= streamed
    assert not streamed & {*gated_tables(), *loaded_contracts(), *built_tables()}
    assert {"silver.playbacks", "gold.user_daily"} <= {*gated_tables()} & {*built_tables()}


def test_there_are_24_event_types_in_four_families() -> None:
    types = event_types()
    assert len(types) == 24
    assert {t.family: sum(1 for o in types.values() if o.family == t.family) for t in types.values()} == {
        "video": 8,
        "interaction": 7,
        "ad": 5,
        "session": 4,
    }


def test_the_dictionary_has_no_unused_word() -> None:
    used = {c.name for n in table_names() for c in load_contract(n).columns} | {"raw", "user_agent"}
    assert set(field_dictionary()) == used


def test_columns_say_unit_and_kind() -> None:
    """Counts end in _count, booleans start with is_ (event fields keep the names players send)."""
    for layer in ("silver", "gold"):
        for name in table_names(layer):
            for column in load_contract(name).columns:
                assert column.type != "boolean" or column.name.startswith("is_"), f"{name}.{column.name}"
