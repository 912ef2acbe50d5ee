"""Objects follow from contracts, can be made again, and gain the columns a contract gains."""

from __future__ import annotations

from typing import Any

from playhead.contracts.model import load_contract
from playhead.io.snowflake import execute, fetch_rows
from playhead.warehouse.schema import ensure_objects


def test_ensure_objects__again_changes_nothing(connection: Any) -> None:
    # The embedded warehouse lists views in VIEWS only; a Snowflake account in both, hence the UNION.
    objects = (
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES "
        "UNION SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.VIEWS ORDER BY 1, 2"
    )
    ensure_objects(connection)
    before = fetch_rows(connection, objects)
    ensure_objects(connection)
    assert fetch_rows(connection, objects) == before
    names = {(r["TABLE_SCHEMA"], r["TABLE_NAME"]) for r in before}
    assert {("GOLD", "QOE_HOURLY"), ("OPS", "LOAD_LOG"), ("DIM", "DIM_DATE"), ("BI", "V_CHURN_RISK")} <= names


def test_ensure_objects__adds_a_column_that_the_contract_gained(connection: Any) -> None:
    ensure_objects(connection)
    execute(connection, "ALTER TABLE GOLD.CHURN_SCORES DROP COLUMN TOP_REASONS")
    ensure_objects(connection)
    columns = fetch_rows(
        connection, "SELECT COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'GOLD' AND TABLE_NAME = 'CHURN_SCORES'"
    )
    assert {r["COLUMN_NAME"].lower() for r in columns} == set(load_contract("gold.churn_scores").column_names)
