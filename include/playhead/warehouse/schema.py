"""Warehouse objects: facts (named as the gold tables), dims, the load log and the BI views, made from contracts and sql/common.

Every name that reaches a statement is looked up here, so that no text from outside can become an identifier.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from playhead.contracts.derive import warehouse_ddl, warehouse_type
from playhead.contracts.model import built_tables, load_contract
from playhead.contracts.shapes import Contract
from playhead.errors import WarehouseError
from playhead.io.snowflake import execute, fetch_rows

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

SCHEMAS = ("GOLD", "DIM", "OPS", "BI", "STAGING")
LOAD_LOG = "ops.load_log"
LOAD_STAGE = "OPS.LOAD_STAGE"
CALENDAR = "DIM.DIM_DATE"
_COLUMNS_SQL = (
    "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA IN ('GOLD', 'OPS') ORDER BY 1, 2, 3"
)


@cache
def loaded_contracts() -> dict[str, Contract]:
    """The contracts of the tables that live in the warehouse, by their one name: what builds make of gold, and the load log."""
    return {name: load_contract(name) for name in (*built_tables("gold"), LOAD_LOG)}


def warehouse_table(name: str, schema: str | None = None) -> str:
    """The warehouse's name of a table (`gold.user_daily` is GOLD.USER_DAILY), in its own schema or another.

    Raises:
        WarehouseError: the warehouse has no such table.
    """
    contract = loaded_contracts().get(name)
    if contract is None:
        raise WarehouseError(f"{name!r} is not a warehouse table; they are {', '.join(loaded_contracts())}")
    if schema is not None and schema not in SCHEMAS:
        raise WarehouseError(f"{schema!r} is not a warehouse schema; they are {', '.join(SCHEMAS)}")
    return f"{schema or contract.layer.upper()}.{contract.table.upper()}"


def sql_file(folder: str, name: str) -> str:
    """One statement of sql/common, by its folder and name."""
    return files("playhead.warehouse").joinpath(f"sql/common/{folder}/{name}.sql").read_text(encoding="utf-8")


def sql_names(folder: str) -> list[str]:
    """Names of the statements of a folder of sql/common, sorted."""
    listed = files("playhead.warehouse").joinpath(f"sql/common/{folder}").iterdir()
    return sorted(entry.name.removesuffix(".sql") for entry in listed if entry.name.endswith(".sql"))


def view_names() -> list[str]:
    """The BI views, qualified."""
    return [f"BI.{name.upper()}" for name in sql_names("views")]


def object_statements() -> list[str]:
    """All statements that make the warehouse's objects, in order; each changes nothing that is already there."""
    return [
        *(f"CREATE SCHEMA IF NOT EXISTS {schema}" for schema in SCHEMAS),
        f"CREATE STAGE IF NOT EXISTS {LOAD_STAGE}",
        *(warehouse_ddl(contract, warehouse_table(name)) for name, contract in loaded_contracts().items()),
        *(sql_file("tables", name) for name in sql_names("tables")),
    ]


def view_statement(name: str) -> str:
    """The statement that makes or renews a BI view. Where it tells deadlines, they are those of the facts' contracts."""
    promised = ", ".join(f"('{table}', {load_contract(table).freshness_minutes})" for table in loaded_contracts() if table != LOAD_LOG)
    return sql_file("views", name).replace("{deadlines}", promised)


def view_statements() -> list[str]:
    """The statements that make or renew the BI views."""
    return [view_statement(name) for name in sql_names("views")]


def ensure_objects(connection: SnowflakeConnection) -> None:
    """Make what is missing: schemas, stage, tables, columns that a contract gained, views. Running it again changes nothing."""
    for statement in object_statements():
        execute(connection, statement)
    for statement in added_columns(_existing_columns(connection)):
        execute(connection, statement)
    for statement in view_statements():
        execute(connection, statement)


def added_columns(existing: dict[str, set[str]]) -> list[str]:
    """Statements that add the columns a contract has and its warehouse table lacks; old rows hold NULL there until they are reloaded."""
    return [
        f"ALTER TABLE {table} ADD COLUMN {column.name.upper()} {warehouse_type(column.type)}"
        for name, contract in loaded_contracts().items()
        for table in (warehouse_table(name),)
        for column in contract.columns
        if column.name.upper() not in existing.get(table, set())
    ]


def _existing_columns(connection: SnowflakeConnection) -> dict[str, set[str]]:
    columns: dict[str, set[str]] = {}
    for row in fetch_rows(connection, _COLUMNS_SQL):
        columns.setdefault(f"{row['TABLE_SCHEMA']}.{row['TABLE_NAME']}", set()).add(row["COLUMN_NAME"])
    return columns
