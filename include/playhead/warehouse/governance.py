"""Snowflake-only governance: which columns the masking policies cover, from the contracts' personal-data classes.

The embedded warehouse has no policies or roles, so these statements are parsed in tests and run only on a Snowflake account.
"""

from __future__ import annotations

from importlib.resources import files

from playhead.errors import WarehouseError
from playhead.warehouse.schema import loaded_contracts, warehouse_table

POLICIES = {"pseudonymous": "OPS.MASK_PSEUDONYMOUS", "personal": "OPS.MASK_PERSONAL"}


def governance_files() -> dict[str, str]:
    """The texts of sql/snowflake_only by file name, in the order they are run in."""
    listed = files("playhead.warehouse").joinpath("sql/snowflake_only").iterdir()
    return {entry.name: entry.read_text(encoding="utf-8") for entry in sorted(listed, key=lambda e: e.name) if entry.name.endswith(".sql")}


def masking_statements() -> list[str]:
    """One statement for every classified column of the facts; a class without a policy is an error, not an unmasked column."""
    statements = []
    for name, contract in loaded_contracts().items():
        for column in contract.columns:
            if column.classification is None:
                continue
            policy = POLICIES.get(column.classification)
            if policy is None:
                raise WarehouseError(f"{name}.{column.name} is {column.classification!r}, which no masking policy covers; add one")
            statements.append(f"ALTER TABLE {warehouse_table(name)} MODIFY COLUMN {column.name.upper()} SET MASKING POLICY {policy}")
    return statements
