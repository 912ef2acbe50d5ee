"""Contracts: what each event and table promises, read from Open Data Contract Standard (v3) files.

One place derives everything else: schemas and warehouse DDL (derive.py), validation rules (quality/contract_rules.py, and one by one
events/validation.py) and Great Expectations suites (quality/suites.py). Column types, ranges, enumerations and personal-data classes come
from fields.yaml, the field dictionary; a table contract lists names and may say required, key, or a pattern of its own. Nothing here
imports Spark.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal, get_args

import yaml
from open_data_contract_standard.model import OpenDataContractStandard, SchemaProperty

from playhead.contracts.shapes import Column, Condition, Contract, Dimension, EventType, View
from playhead.errors import ContractError

Layer = Literal["events", "bronze", "silver", "gold", "ops"]
LAYERS: tuple[Layer, ...] = ("events", "bronze", "silver", "gold", "ops")
FAMILIES = ("video", "interaction", "ad", "session")
# The standard's words for dimensions of quality, where they are not ours.
_DIMENSIONS: dict[str, Dimension] = {name: name for name in get_args(Dimension)} | {"conformity": "validity"}


class Contracts:
    """The contracts that lie in one directory: those of this package, or those of another version of it."""

    def __init__(self, root: Traversable) -> None:
        self._root = root
        self._documents: dict[str, OpenDataContractStandard] = {}

    @cached_property
    def fields(self) -> dict[str, Column]:
        """Every column name with its one definition."""
        return self._dictionary("fields.yaml")

    @cached_property
    def metrics(self) -> dict[str, Column]:
        """Columns of BI views, in small letters, with their one definition: of those that are no field, or mean something else there."""
        return self._dictionary("bi/metrics.yaml")

    @cached_property
    def publications(self) -> dict[str, str]:
        """Where definitions that are not ours are published, by the name that `Column.defined_by` gives them."""
        return {str(each.type): str(each.url) for each in self._read("bi/metrics.yaml").authoritativeDefinitions or []}

    @cached_property
    def views(self) -> dict[str, View]:
        """The BI views by name."""
        odcs = self._read("bi/views.yaml")
        views = [
            View(str(each.name), each.description or "", each.dataGranularityDescription or "", _owner(odcs)) for each in odcs.schema_ or []
        ]
        return {view.name: view for view in views}

    @cached_property
    def rule_dimensions(self) -> dict[str, Dimension]:
        """The dimension of quality that each kind of rule tells of."""
        rules = (self._read("fields.yaml").schema_ or [])[0].quality or []
        return {str(rule.name): _dimension(rule.dimension, str(rule.name)) for rule in rules}

    @cached_property
    def event_types(self) -> dict[str, EventType]:
        """The event types by name, in the order of the contracts."""
        envelope, envelope_conditions = self._object("events/envelope.yaml")
        types: dict[str, EventType] = {}
        for family in FAMILIES:
            contract = self._read(f"events/{family}.yaml")
            shared, conditions = self._object(f"events/{family}.yaml")
            for index, schema in enumerate(contract.schema_ or []):
                if index == 0:
                    continue
                own, own_conditions = self._object(f"events/{family}.yaml", index)
                types[str(schema.name)] = EventType(
                    name=str(schema.name),
                    version=str(contract.version),
                    family=family,
                    topic=str(_custom(contract, "topic")),
                    columns=_merge(envelope, shared, own),
                    conditions=envelope_conditions + conditions + own_conditions,
                )
        return types

    @cached_property
    def event_columns(self) -> tuple[Column, ...]:
        """The union of all event columns, none required."""
        columns = _merge(*(e.columns for e in self.event_types.values()))
        return tuple(replace(c, required=False, is_key=False) for c in columns)

    def contract(self, name: str) -> Contract:
        """The contract of a table, by its one name."""
        relative = name.replace(".", "/", 1) + ".yaml"
        odcs = self._read(relative)
        own, conditions = self._object(relative)
        included: list[tuple[Column, ...]] = []
        for include in _custom(odcs, "includes") or []:
            if str(include).startswith("events."):
                included.append(self.event_columns)
            else:
                columns, more = self._object(str(include).replace(".", "/", 1) + ".yaml")
                included.append(columns)
                conditions = more + conditions
        sla = next((s for s in odcs.slaProperties or [] if s.property == "freshness"), None)
        return Contract(
            name=name,
            version=str(odcs.version),
            description=(odcs.description.purpose or "") if odcs.description else "",
            grain=(odcs.schema_ or [])[0].dataGranularityDescription or "",
            columns=_merge(*included, own),
            conditions=conditions,
            partition=_custom(odcs, "partition") or "none",
            writer=str(_custom(odcs, "writer") or ""),
            owner=_owner(odcs),
            freshness_minutes=int(str(sla.value)) if sla is not None else 0,
            watched=tuple(map(str, _custom(odcs, "watched") or ())),
        )

    def table_names(self, layer: str | None = None) -> tuple[str, ...]:
        """Names of all published tables, by layer; fragments that others include are not tables."""
        names: list[str] = []
        for each in LAYERS[1:] if layer is None else (layer,):
            for resource in sorted(self._root.joinpath(each).iterdir(), key=lambda r: r.name):
                if resource.name.endswith(".yaml"):
                    contract = self._read(f"{each}/{resource.name}")
                    if not _custom(contract, "fragment"):
                        names.append(str(contract.name))
        return tuple(names)

    def _dictionary(self, relative: str) -> dict[str, Column]:
        columns = [_column(p) for p in (self._read(relative).schema_ or [])[0].properties or []]
        by_name = {c.name: c for c in columns}
        if len(by_name) != len(columns):
            raise ContractError(f"{relative} defines a name twice; keep one definition per name")
        return by_name

    def _object(self, relative: str, index: int = 0) -> tuple[tuple[Column, ...], tuple[Condition, ...]]:
        schema = (self._read(relative).schema_ or [])[index]
        columns = tuple(self._resolve(p, relative) for p in schema.properties or [])
        # Contracts before the scores told no dimension, and are still compared with.
        conditions = tuple(
            Condition(str(q.name), str(q.implementation), q.description or "", _dimension(q.dimension or "consistency", str(q.name)))
            for q in schema.quality or []
            if q.type == "custom"
        )
        return columns, conditions

    def _resolve(self, prop: SchemaProperty, where: str) -> Column:
        field = self.fields.get(str(prop.name))
        if field is None:
            raise ContractError(f"{where}.{prop.name} is not in fields.yaml; define it there first")
        pattern = (prop.logicalTypeOptions or {}).get("pattern", field.pattern)
        return replace(field, required=bool(prop.required), is_key=bool(prop.primaryKey), pattern=pattern)

    def _read(self, relative: str) -> OpenDataContractStandard:
        if relative not in self._documents:
            resource = self._root.joinpath(relative)
            if not resource.is_file():
                raise ContractError(f"no contract at contracts/{relative}; list them with `playhead contracts list`")
            # libyaml's loader: Python's own takes seven times as long, and every command, task and DAG file reads contracts first.
            document: dict[str, Any] = yaml.load(resource.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
            if isinstance(document.get("description"), str):
                raise ContractError(f"contracts/{relative}: description must be a mapping with `purpose`")
            self._documents[relative] = OpenDataContractStandard.model_validate(document)
        return self._documents[relative]


def _custom(contract: OpenDataContractStandard, name: str) -> Any:
    return next((p.value for p in contract.customProperties or [] if p.property == name), None)


def _owner(contract: OpenDataContractStandard) -> str:
    members = contract.team.members if contract.team is not None and not isinstance(contract.team, list) else None
    return str(members[0].username) if members else ""


def _dimension(told: str | None, rule: str) -> Dimension:
    if told not in _DIMENSIONS:
        raise ContractError(f"the rule {rule} tells of the dimension {told!r}; give it one of {', '.join(sorted(_DIMENSIONS))}")
    return _DIMENSIONS[told]


def _column(prop: SchemaProperty) -> Column:
    options = prop.logicalTypeOptions or {}
    return Column(
        name=str(prop.name),
        type=prop.physicalType or "",
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
        defined_by=tuple(prop.tags or ()),
    )


def _merge(*groups: tuple[Column, ...]) -> tuple[Column, ...]:
    """Columns in first-seen order; a later mention may only tighten `required` and `key`."""
    merged: dict[str, Column] = {}
    for column in (c for group in groups for c in group):
        seen = merged.get(column.name)
        merged[column.name] = (
            column if seen is None else replace(seen, required=seen.required or column.required, is_key=seen.is_key or column.is_key)
        )
    return tuple(merged.values())


@cache
def contracts() -> Contracts:
    """The contracts of this package."""
    return Contracts(files("playhead.contracts"))


def field_dictionary() -> dict[str, Column]:
    """Every column name of Playhead with its one definition."""
    return contracts().fields


def rule_dimensions() -> dict[str, Dimension]:
    """The dimension of quality that each kind of rule tells of."""
    return contracts().rule_dimensions


def event_topics() -> list[str]:
    """The Kafka topics that hold events, by name."""
    return sorted({event.topic for event in event_types().values()})


def event_types() -> dict[str, EventType]:
    """The 24 event types by name, in the order of the contracts."""
    return contracts().event_types


def event_columns() -> tuple[Column, ...]:
    """The union of all event columns, none required: the schema that every record is parsed with, once."""
    return contracts().event_columns


@cache
def load_contract(name: str) -> Contract:
    """The contract of a table, by its one name (`silver.playbacks`).

    Raises:
        ContractError: no such contract, or it names a column that fields.yaml does not define.
    """
    return contracts().contract(name)


@cache
def table_names(layer: str | None = None) -> tuple[str, ...]:
    """Names of all published tables, by layer."""
    return contracts().table_names(layer)


def built_tables(layer: str | None = None) -> tuple[str, ...]:
    """Names of the published tables that the batch engine writes, by their contracts; the streaming app writes the others."""
    return tuple(name for name in table_names(layer) if load_contract(name).writer == "batch")
