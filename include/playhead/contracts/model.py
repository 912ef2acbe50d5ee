"""Contracts: what each event and table promises, read from Open Data Contract Standard (v3) files.

One place derives everything else: schemas and warehouse DDL (derive.py), validation rules (quality/contract_rules.py, and one by one
events/validation.py) and Great Expectations suites (quality/suites.py). Column types, ranges, enumerations and personal-data classes come
from fields.yaml, the field dictionary; a table contract lists names and may say required, key, or a pattern of its own. Nothing here
imports Spark.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from open_data_contract_standard.model import OpenDataContractStandard, SchemaProperty

from playhead.errors import ContractError

Layer = Literal["events", "bronze", "silver", "gold", "ops"]
Partition = Literal["event_hour", "event_date", "score_date", "none"]
LAYERS: tuple[Layer, ...] = ("events", "bronze", "silver", "gold", "ops")
FAMILIES = ("video", "interaction", "ad", "session")
# Columns that differ between two honest rebuilds of the same data, left out of content hashes.
NOT_DETERMINISTIC = frozenset(
    {"topic", "partition", "offset", "kafka_timestamp", "landed_at", "landed_date", "published_at", "finished_at", "found_at", "raised_at",
     "run_id", "dag_id", "table_version", "bronze_version", "inputs", "published", "model_version"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a contract. `type` is a Spark SQL type; ranges are inclusive unless exclusive_minimum is set."""

    name: str
    type: str
    description: str
    required: bool = False
    is_key: bool = False
    enum: tuple[str, ...] = ()
    minimum: float | None = None
    exclusive_minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    classification: str | None = None

    @property
    def is_deterministic(self) -> bool:
        """True where two rebuilds of the same data give the same value, so that content hashes may cover it."""
        return self.name not in NOT_DETERMINISTIC


def decimal_size(spark_type: str) -> tuple[int, int] | None:
    """Precision and scale of a decimal type; None for any other type."""
    decimal = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", spark_type)
    return (int(decimal[1]), int(decimal[2])) if decimal else None


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule over several columns of one row: a Spark SQL boolean expression that must hold (NULL counts as broken)."""

    name: str
    expression: str
    description: str


@dataclass(frozen=True, slots=True)
class Contract:
    """One published table: its columns in order, key, partition column, writer, owner and freshness."""

    name: str
    description: str
    grain: str
    columns: tuple[Column, ...]
    conditions: tuple[Condition, ...]
    partition: Partition
    writer: str
    owner: str
    freshness_minutes: int

    @property
    def layer(self) -> str:
        """Layer part of the name."""
        return self.name.partition(".")[0]

    @property
    def table(self) -> str:
        """Table part of the name."""
        return self.name.partition(".")[2]

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that identify a row."""
        return tuple(c.name for c in self.columns if c.is_key)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(c.name for c in self.columns)

    @property
    def hashed_columns(self) -> tuple[str, ...]:
        """Columns that content hashes cover."""
        return tuple(c.name for c in self.columns if c.is_deterministic)


@dataclass(frozen=True, slots=True)
class EventType:
    """One of the 24 event types: envelope, family and its own columns, merged; required flags are the type's own."""

    name: str
    family: str
    topic: str
    columns: tuple[Column, ...]
    conditions: tuple[Condition, ...]

    @property
    def required(self) -> frozenset[str]:
        """Columns the type must carry."""
        return frozenset(c.name for c in self.columns if c.required)


@cache
def _read(relative: str) -> OpenDataContractStandard:
    resource = files("playhead.contracts").joinpath(relative)
    if not resource.is_file():
        raise ContractError(f"no contract at contracts/{relative}; list them with `playhead contracts list`")
    # libyaml's loader: Python's own takes seven times as long, and every command, task and DAG file reads contracts first.
    document: dict[str, Any] = yaml.load(resource.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    if isinstance(document.get("description"), str):
        raise ContractError(f"contracts/{relative}: description must be a mapping with `purpose`")
    return OpenDataContractStandard.model_validate(document)


def _custom(contract: OpenDataContractStandard, name: str) -> Any:
    return next((p.value for p in contract.customProperties or [] if p.property == name), None)


def _column(prop: SchemaProperty) -> Column:
    options = prop.logicalTypeOptions or {}
    return Column(
        name=str(prop.name),
        type=str(prop.physicalType),
        description=prop.description or "",
        required=bool(prop.required),
        is_key=bool(prop.primaryKey),
        enum=tuple(str(e.value) for e in prop.enum or []),
        minimum=options.get("minimum"),
        exclusive_minimum=options.get("exclusiveMinimum"),
        maximum=options.get("maximum"),
        min_length=options.get("minLength"),
        max_length=options.get("maxLength"),
        pattern=options.get("pattern"),
        classification=prop.classification,
    )


@cache
def field_dictionary() -> dict[str, Column]:
    """Every column name of Playhead with its one definition."""
    columns = [_column(p) for p in (_read("fields.yaml").schema_ or [])[0].properties or []]
    by_name = {c.name: c for c in columns}
    if len(by_name) != len(columns):
        raise ContractError("fields.yaml defines a name twice; keep one definition per name")
    return by_name


def _resolve(prop: SchemaProperty, where: str) -> Column:
    field = field_dictionary().get(str(prop.name))
    if field is None:
        raise ContractError(f"{where}.{prop.name} is not in fields.yaml; define it there first")
    pattern = (prop.logicalTypeOptions or {}).get("pattern", field.pattern)
    return replace(field, required=bool(prop.required), is_key=bool(prop.primaryKey), pattern=pattern)


def _merge(*groups: tuple[Column, ...]) -> tuple[Column, ...]:
    """Columns in first-seen order; a later mention may only tighten `required` and `key`."""
    merged: dict[str, Column] = {}
    for column in (c for group in groups for c in group):
        seen = merged.get(column.name)
        merged[column.name] = (
            column if seen is None else replace(seen, required=seen.required or column.required, is_key=seen.is_key or column.is_key)
        )
    return tuple(merged.values())


def _object(relative: str, index: int = 0) -> tuple[tuple[Column, ...], tuple[Condition, ...]]:
    schema = (_read(relative).schema_ or [])[index]
    columns = tuple(_resolve(p, relative) for p in schema.properties or [])
    conditions = tuple(
        Condition(str(q.name), str(q.implementation), q.description or "") for q in schema.quality or [] if q.type == "custom"
    )
    return columns, conditions


def event_topics() -> list[str]:
    """The Kafka topics that hold events, by name."""
    return sorted({event.topic for event in event_types().values()})


@cache
def event_types() -> dict[str, EventType]:
    """The 24 event types by name, in the order of the contracts."""
    envelope, envelope_conditions = _object("events/envelope.yaml")
    types: dict[str, EventType] = {}
    for family in FAMILIES:
        contract = _read(f"events/{family}.yaml")
        shared, conditions = _object(f"events/{family}.yaml")
        for index, schema in enumerate(contract.schema_ or []):
            if index == 0:
                continue
            own, own_conditions = _object(f"events/{family}.yaml", index)
            types[str(schema.name)] = EventType(
                name=str(schema.name),
                family=family,
                topic=str(_custom(contract, "topic")),
                columns=_merge(envelope, shared, own),
                conditions=envelope_conditions + conditions + own_conditions,
            )
    return types


@cache
def event_columns() -> tuple[Column, ...]:
    """The union of all event columns, none required: the schema that every record is parsed with, once."""
    columns = _merge(*(e.columns for e in event_types().values()))
    return tuple(replace(c, required=False, is_key=False) for c in columns)


@cache
def load_contract(name: str) -> Contract:
    """The contract of a table, by its one name (`silver.playbacks`).

    Raises:
        ContractError: no such contract, or it names a column that fields.yaml does not define.
    """
    relative = name.replace(".", "/", 1) + ".yaml"
    odcs = _read(relative)
    own, conditions = _object(relative)
    included: list[tuple[Column, ...]] = []
    for include in _custom(odcs, "includes") or []:
        if str(include).startswith("events."):
            included.append(event_columns())
        else:
            columns, more = _object(str(include).replace(".", "/", 1) + ".yaml")
            included.append(columns)
            conditions = more + conditions
    members = odcs.team.members if odcs.team is not None and not isinstance(odcs.team, list) else None
    sla = next((s for s in odcs.slaProperties or [] if s.property == "freshness"), None)
    return Contract(
        name=name,
        description=(odcs.description.purpose or "") if odcs.description else "",
        grain=(odcs.schema_ or [])[0].dataGranularityDescription or "",
        columns=_merge(*included, own),
        conditions=conditions,
        partition=_custom(odcs, "partition") or "none",
        writer=str(_custom(odcs, "writer") or ""),
        owner=str(members[0].username) if members else "",
        freshness_minutes=int(str(sla.value)) if sla is not None else 0,
    )


@cache
def table_names(layer: str | None = None) -> tuple[str, ...]:
    """Names of all published tables, by layer; fragments that others include are not tables."""
    names: list[str] = []
    for each in LAYERS[1:] if layer is None else (layer,):
        for resource in sorted(files("playhead.contracts").joinpath(each).iterdir(), key=lambda r: r.name):
            if resource.name.endswith(".yaml"):
                contract = _read(f"{each}/{resource.name}")
                if not _custom(contract, "fragment"):
                    names.append(str(contract.name))
    return tuple(names)


def built_tables(layer: str | None = None) -> tuple[str, ...]:
    """Names of the published tables that the batch engine writes, by their contracts; the streaming app writes the others."""
    return tuple(name for name in table_names(layer) if load_contract(name).writer == "batch")
