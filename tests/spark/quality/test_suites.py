"""Every suite rejects one planted defect per rule of its contract, and names exactly that rule (the gate's negative controls)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from playhead.contracts.derive import spark_schema
from playhead.contracts.model import load_contract
from playhead.contracts.shapes import Column, Contract
from playhead.quality.contract_rules import rule_codes
from playhead.quality.gate import Gate, open_gate
from playhead.quality.profile import profile_partitions
from playhead.quality.suites import gated_tables

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

FIRST_HOUR = datetime(2026, 1, 1, tzinfo=UTC)
UUID = "00000000-0000-4000-8000-{:012d}"
Row = dict[str, Any]


@dataclass(frozen=True)
class Defect:
    """Rows of one partition that break one rule (or none)."""

    code: str | None
    rows: list[Row]


@pytest.fixture(scope="module")
def gate() -> Iterator[Gate]:
    with open_gate(docs=None) as opened:
        yield opened


@pytest.mark.parametrize("table", gated_tables())
def test_suite__rejects_one_planted_defect_per_rule(spark: SparkSession, gate: Gate, table: str) -> None:
    contract = load_contract(table)
    defects = list(planted_defects(contract))
    rows = [tuple(row[name] for name in contract.column_names) for defect in defects for row in defect.rows]
    expected = {defect_key(contract, i): [d.code] for i, d in enumerate(defects) if d.code is not None}

    profiles = profile_partitions(spark.createDataFrame(rows, spark_schema(contract)), contract)
    refused = gate.refused(contract, profiles, "test")

    assert refused == expected
    assert {d.code for d in defects} - {None} == set(rule_codes(contract)), "a rule without a planted defect"
    assert len(profiles) > len(refused), "the sound partition passes"


def test_suite__lets_a_breach_through_without_its_rule(spark: SparkSession, gate: Gate) -> None:
    """The negative control's control: it is the contract's rule that refuses, nothing else."""
    contract = load_contract("gold.audience_daily")
    row = sound_row(contract, 0) | {"plays_count": -1}
    lenient = replace(contract, columns=tuple(replace(c, minimum=None) for c in contract.columns))
    rows = spark.createDataFrame([tuple(row[name] for name in contract.column_names)], spark_schema(contract))

    assert gate.refused(contract, profile_partitions(rows, contract), "test") == {"2026-01-01": ["range:plays_count"]}
    assert gate.refused(contract, profile_partitions(rows, lenient), "test") == {}


def planted_defects(contract: Contract) -> Iterator[Defect]:
    """One sound partition, then one partition per way to break each rule."""
    makers = [(None, {})] + [(code, change) for column in contract.columns for code, change in column_breaches(contract, column)]
    index = 0
    for code, change in makers:
        yield Defect(code, [sound_row(contract, index) | change])
        index += 1
    for code, name, shift in partition_breaches(contract):
        row = sound_row(contract, index)
        yield Defect(code, [row | {name: row[name] + shift}])
        index += 1
    yield Defect("unique:key", [sound_row(contract, index)] * 2)


def partition_breaches(contract: Contract) -> list[tuple[str, str, timedelta]]:
    """Columns that, moved on, no longer agree with the partition: the day, and the moment that the hour is of."""
    if contract.partition != "event_hour":
        return []
    begins = next((name for name in ("started_at", "event_timestamp") if name in contract.column_names), None)
    off_hour = ("event_hour", timedelta(minutes=7)) if begins is None else (begins, timedelta(hours=1))
    return [("consistent:event_date", "event_date", timedelta(days=1)), ("consistent:event_hour", *off_hour)]


def column_breaches(contract: Contract, column: Column) -> Iterator[tuple[str, Row]]:
    """Every way to break a rule of one column, alone."""
    name = column.name
    if column.required:
        yield f"required:{name}", {name: None}
    number = Decimal if column.type.startswith("decimal") else float if column.type == "double" else int
    if column.minimum is not None:
        yield f"range:{name}", {name: number(column.minimum - 1)}
    if column.maximum is not None:
        yield f"range:{name}", {name: number(column.maximum + 1)}
    if column.type == "double" and column.minimum is not None:
        yield f"range:{name}", {name: float("nan")}
    if column.enum:
        yield f"enum:{name}", {name: "no such value"}
    if column.min_length:
        yield f"length:{name}", {name: ""}
    if column.max_length is not None:
        yield f"length:{name}", {name: "x" * (column.max_length + 1)}
    if column.pattern is not None:
        yield f"pattern:{name}", {name: "?"}
        yield f"pattern:{name}", {name: f"{sound_value(column, 0)}\n"}


def sound_row(contract: Contract, index: int) -> Row:
    """A row that breaks nothing, in a partition of its own."""
    row = {column.name: sound_value(column, index) for column in contract.columns}
    hour = FIRST_HOUR + index * timedelta(hours=1)
    if contract.partition != "event_hour":
        return row | {contract.partition: (FIRST_HOUR + index * timedelta(days=1)).date()}
    moments = {name: hour + timedelta(minutes=7) for name, value in row.items() if isinstance(value, datetime)}
    return row | moments | {"event_hour": hour, "event_date": hour.date()}


def sound_value(column: Column, index: int) -> Any:
    """A value that a column allows."""
    if column.enum:
        return column.enum[0]
    if column.type == "string":
        return {"event_id": UUID.format(index), "country": "DE", "currency": "USD"}.get(column.name, "text")
    least = column.minimum if column.minimum is not None else 1
    values: dict[str, Any] = {
        "timestamp": FIRST_HOUR,
        "date": date(2026, 1, 1),
        "boolean": True,
        "double": float(least),
        "bigint": int(least),
    }
    return values[column.type] if column.type in values else Decimal(int(least))


def defect_key(contract: Contract, index: int) -> str:
    """The partition that a defect was planted in; one without a partition is named so."""
    if contract.partition != "event_hour":
        key = str((FIRST_HOUR + index * timedelta(days=1)).date())
    else:
        key = f"{FIRST_HOUR + index * timedelta(hours=1):%Y-%m-%dT%H}"
    code = list(planted_defects(contract))[index].code
    return "none" if code == f"required:{contract.partition}" else key
