"""Every SQL file parses as Snowflake's SQL; names are looked up, never pasted; classified columns are masked."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlglot
from sqlglot import exp

from playhead.contracts.model import load_contract
from playhead.errors import WarehouseError
from playhead.warehouse import governance
from playhead.warehouse.governance import governance_files, masking_statements
from playhead.warehouse.schema import (
    added_columns,
    loaded_contracts,
    object_statements,
    sql_file,
    sql_names,
    view_names,
    view_statement,
    warehouse_table,
)

CLOCKS = (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime)


@pytest.mark.parametrize(("folder", "name"), [(f, n) for f in ("tables", "refresh", "views") for n in sql_names(f)])
def test_common_files_hold_one_statement_for_the_object_they_are_named_after(folder: str, name: str) -> None:
    (statement,) = sqlglot.parse(view_statement(name) if folder == "views" else sql_file(folder, name), read="snowflake")
    assert statement is not None
    target = statement.find(exp.Table)
    assert target is not None
    assert target.name == name.upper()
    assert not isinstance(statement, exp.Command)


def test_every_view_says_how_far_its_data_goes_and_only_freshness_asks_the_clock() -> None:
    assert {"BI.V_CHURN_RISK", "BI.V_DAILY_ACTIVE_USERS", "BI.V_FRESHNESS", "BI.V_TOP_CONTENT"} <= set(view_names())
    for name in sql_names("views"):
        statement = sqlglot.parse_one(view_statement(name), read="snowflake")
        assert "AS_OF" in statement.expression.named_selects, name
        assert bool(list(statement.find_all(*CLOCKS))) == (name == "v_freshness"), name


def test_v_freshness__deadlines_are_those_of_the_contracts() -> None:
    promised = sqlglot.parse_one(view_statement("v_freshness"), read="snowflake").find(exp.Values)
    assert promised is not None
    told = {row.expressions[0].this: int(row.expressions[1].this) for row in promised.expressions}
    assert told == {name: contract.freshness_minutes for name, contract in loaded_contracts().items() if name.startswith("gold.")}


def test_sums_in_views_are_exact() -> None:
    """The embedded warehouse adds an uncast argument as floating point."""
    for name in sql_names("views"):
        for total in sqlglot.parse_one(view_statement(name), read="snowflake").find_all(exp.Sum):
            assert isinstance(total.this, exp.Cast), f"{name}: {total.sql()}"


@pytest.mark.parametrize("name", sorted(governance_files()))
def test_snowflake_only_files_parse_and_say_that_they_are_not_run_here(name: str) -> None:
    text = governance_files()[name]
    assert text.startswith("-- NOT RUN by the embedded warehouse")
    assert all(statement is not None for statement in sqlglot.parse(text, read="snowflake"))


def test_object_statements__facts_have_the_columns_of_their_contracts() -> None:
    created = [s for s in object_statements() if "CREATE TABLE" in s and "GOLD.USER_DAILY " in s]
    schema = sqlglot.parse_one(created[0], read="snowflake").this
    assert [c.name.lower() for c in schema.expressions] == list(load_contract("gold.user_daily").column_names)


def test_added_columns__only_what_is_missing() -> None:
    existing = {warehouse_table(n): {c.upper() for c in contract.column_names} for n, contract in loaded_contracts().items()}
    existing["GOLD.CHURN_SCORES"].remove("HORIZON_DAYS")
    assert added_columns(existing) == ["ALTER TABLE GOLD.CHURN_SCORES ADD COLUMN HORIZON_DAYS BIGINT"]


@pytest.mark.parametrize("name", ["gold.user_daily; drop table x", "silver.playbacks", "GOLD.USER_DAILY"])
def test_warehouse_table__knows_only_warehouse_tables(name: str) -> None:
    with pytest.raises(WarehouseError, match="is not a warehouse table"):
        warehouse_table(name)


def test_masking__covers_every_classified_column() -> None:
    statements = masking_statements()
    assert "ALTER TABLE GOLD.USER_DAILY MODIFY COLUMN VIEWER_ID SET MASKING POLICY OPS.MASK_PSEUDONYMOUS" in statements
    classified = sum(1 for contract in loaded_contracts().values() for c in contract.columns if c.classification)
    assert len(statements) == classified > 0
    assert all(sqlglot.parse_one(s, read="snowflake") for s in statements)


def test_masking__unknown_class_is_an_error_not_an_unmasked_column(monkeypatch: pytest.MonkeyPatch) -> None:
    contract = load_contract("gold.user_daily")
    odd = replace(contract, columns=(replace(contract.columns[1], classification="secret"),))
    monkeypatch.setattr(governance, "loaded_contracts", lambda: {"gold.user_daily": odd})
    with pytest.raises(WarehouseError, match="no masking policy covers"):
        masking_statements()
