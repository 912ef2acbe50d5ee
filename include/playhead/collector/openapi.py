"""The collector described in OpenAPI: its routes from openapi.yaml, its events from their contracts."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from playhead.contracts.model import event_columns, event_types
from playhead.contracts.shapes import Column

# What the collector fills in itself.
_FILLED = frozenset({"received_at", "ip_address", "user_agent"})
_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "bigint": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "double": {"type": "number"},
    "boolean": {"type": "boolean"},
    "timestamp": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
}


@cache
def describe_collector() -> dict[str, Any]:
    """The document."""
    text = files("playhead.collector").joinpath("openapi.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    document["components"]["schemas"]["Event"] = _event_schema()
    return document


def _event_schema() -> dict[str, Any]:
    """Any event: what all types demand, and what is demanded of a value wherever it is carried. Types and conditions demand more."""
    properties = {column.name: _value_schema(column) for column in event_columns()}
    properties["event_type"] = {"type": "string", "enum": list(event_types())}
    required = frozenset.intersection(*(kind.required for kind in event_types().values())) - _FILLED
    return {"type": "object", "required": sorted(required), "properties": properties}


def _value_schema(column: Column) -> dict[str, Any]:
    demands = {
        "description": column.description,
        "enum": list(column.enum) or None,
        "pattern": column.pattern,
        "minLength": column.min_length,
        "maxLength": column.max_length,
        "minimum": column.minimum,
        "exclusiveMinimum": column.exclusive_minimum,
        "maximum": column.maximum,
    }
    return _TYPES.get(column.type, {"type": "number"}) | {name: value for name, value in demands.items() if value is not None}
