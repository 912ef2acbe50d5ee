"""Great Expectations suites, derived from the contracts: one expectation per rule, on the profile of a table's partitions.

What is expected is the most often that a partition may break the rule: never. The library takes less than half as long over a maximum as
over each value, and a build judges hundreds of rules.

The suites are written to great_expectations/expectations and committed, so that a change of a contract shows what the gate will demand;
a test says that they are in step.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from playhead.contracts.model import built_tables, load_contract
from playhead.contracts.shapes import Contract
from playhead.quality.contract_rules import rule_codes

GATED_LAYERS = ("silver", "gold")


def gated_tables() -> tuple[str, ...]:
    """Tables that pass the gate before they are published."""
    return tuple(name for layer in GATED_LAYERS for name in built_tables(layer))


def suite_name(table: str) -> str:
    """Name of a table's suite: `silver__playbacks`."""
    return table.replace(".", "__")


def suite_document(contract: Contract) -> dict[str, Any]:
    """A table's suite in the library's own file format; ids follow from names, so that writing it again changes nothing."""
    name = suite_name(contract.name)
    return {
        "expectations": [
            {
                "id": str(uuid5(NAMESPACE_URL, f"playhead/{name}/{code}")),
                "kwargs": {"column": code, "max_value": 0.0, "min_value": 0.0},
                "meta": {"contract": contract.name, "rule": code},
                "severity": "critical",
                "type": "expect_column_max_to_be_between",
            }
            for code in rule_codes(contract)
        ],
        "id": str(uuid5(NAMESPACE_URL, f"playhead/{name}")),
        "meta": {"great_expectations_version": version("great_expectations")},
        "name": name,
        "notes": f"Derived from the contract {contract.name}; write it with `playhead contracts suites`.",
    }


def suite_text(contract: Contract) -> str:
    """A suite as its file holds it."""
    return json.dumps(suite_document(contract), indent=2, sort_keys=True) + "\n"


def write_suites(context_root: Path) -> list[Path]:
    """Write every gated table's suite into a Great Expectations context; suites of tables that are gone are removed."""
    directory = context_root / "expectations"
    directory.mkdir(parents=True, exist_ok=True)
    written = {directory / f"{suite_name(name)}.json": suite_text(load_contract(name)) for name in gated_tables()}
    for stray in set(directory.glob("*.json")) - set(written):
        stray.unlink()
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")
    return sorted(written)
