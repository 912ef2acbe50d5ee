"""What follows from a contract: Spark schemas and warehouse DDL. No column list is written twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playhead.contracts.shapes import Column, Contract, decimal_size
from playhead.errors import ContractError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql.types import StructType

_WAREHOUSE_TYPES = {
    "string": "VARCHAR",
    "bigint": "BIGINT",
    "int": "INTEGER",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP_NTZ",
    "date": "DATE",
    "binary": "BINARY",
}


def spark_ddl(columns: tuple[Column, ...]) -> str:
    """Columns as a Spark SQL column list, backquoted."""
    return ", ".join(f"`{c.name}` {c.type}" for c in columns)


def spark_schema(contract: Contract) -> StructType:
    """The table's schema as a StructType; nullability is the gate's business, so every field is nullable."""
    from pyspark.sql.types import DataType, StructType

    schema = DataType.fromDDL(spark_ddl(contract.columns))
    if not isinstance(schema, StructType):
        raise ContractError(f"{contract.name} does not derive to a struct; check its columns")
    return schema


def arrow_schema(contract: Contract) -> pa.Schema:
    """The table's schema in Arrow's types; times are UTC microseconds, as Spark holds them."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "binary": pa.binary(),
        "int": pa.int32(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us", "UTC"),
        "date": pa.date32(),
    }

    def arrow_type(spark_type: str) -> pa.DataType:
        kind, _, inner = spark_type.removesuffix(">").partition("<")
        if kind == "array":
            return pa.list_(arrow_type(inner))
        if kind == "map":
            key, _, value = inner.partition(",")
            return pa.map_(arrow_type(key), arrow_type(value))
        decimal = decimal_size(spark_type)
        return pa.decimal128(*decimal) if decimal else types[spark_type]

    return pa.schema([(column.name, arrow_type(column.type)) for column in contract.columns])


def warehouse_type(spark_type: str) -> str:
    """The Snowflake type of a Spark SQL type; nested types become VARIANT."""
    decimal = decimal_size(spark_type)
    if decimal:
        return f"NUMBER({decimal[0]},{decimal[1]})"
    return _WAREHOUSE_TYPES.get(spark_type, "VARIANT")


def warehouse_ddl(contract: Contract, qualified_name: str) -> str:
    """CREATE TABLE IF NOT EXISTS for the warehouse, with comments from the contract."""
    lines = [f"  {c.name.upper()} {warehouse_type(c.type)}{' NOT NULL' if c.required else ''}" for c in contract.columns]
    body = ",\n".join(lines)
    return f"CREATE TABLE IF NOT EXISTS {qualified_name} (\n{body}\n)"
