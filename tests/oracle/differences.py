"""How what the product tells is held against what the oracle tells."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from typing import Any


def differences(told: list[dict[str, Any]], expected: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Rows that differ: text, days and whole numbers exactly, ratios within 1e-9."""
    columns = list(expected[0])
    if len(told) != len(expected) or set(told[0]) != set(columns):
        return [("rows or columns", len(told), len(expected), set(told[0]) ^ set(columns))]
    pairs = zip(_ordered(told, columns), _ordered(expected, columns), strict=True)
    return [(name, a[name], b[name]) for a, b in pairs for name in columns if not _is_equal(a[name], b[name])]


def _ordered(rows: list[dict[str, Any]], columns: list[str]) -> list[dict[str, Any]]:
    keys = [name for name in columns if any(isinstance(row[name], str | date) for row in rows)]
    return sorted(rows, key=lambda row: [str(row[name]) for name in keys])


def _is_equal(told: Any, expected: Any) -> bool:
    if isinstance(told, float) or isinstance(expected, float):
        return told is not None and expected is not None and math.isclose(told, expected, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(told, Decimal | int) and isinstance(expected, Decimal | int):
        return Decimal(told) == Decimal(expected)
    return bool(told == expected)
