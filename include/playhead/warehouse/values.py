"""Warehouse values for people and files; light, because the command line imports it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any


def plain_value(value: Any) -> Any:
    """A warehouse value as a JSON value: decimals as numbers, dates as ISO text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


def plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """A warehouse row as a JSON object."""
    return {name: plain_value(value) for name, value in row.items()}
