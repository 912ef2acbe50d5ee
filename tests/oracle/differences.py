"""How what the product tells is held against what the oracle tells."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any


def compare(
    query: Callable[[str], list[dict[str, Any]]], recomputed: dict[str, list[dict[str, Any]]]
) -> Iterator[tuple[str, int, list[tuple[Any, ...]]]]:
    """Of each table and view that the oracle tells: its name, the oracle's rows, and what the warehouse tells otherwise."""
    for name, rows in recomputed.items():
        assert rows, f"the oracle tells nothing of {name}"
        expected = [{column.upper(): value for column, value in row.items()} for row in rows]
        source = name.upper() if "." in name else f"BI.{name}"
        yield name, len(rows), differences(query(f"SELECT {', '.join(expected[0])} FROM {source}"), expected)


def differences(told: list[dict[str, Any]], expected: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Rows that differ: text, days and whole numbers exactly, ratios within 1e-9."""
    columns = list(expected[0])
    if len(told) != len(expected) or set(told[0]) != set(columns):
        return [("rows or columns", len(told), len(expected), set(told[0]) ^ set(columns))]
    keys = _keys(expected)
    pairs = zip(_ordered(told, keys), _ordered(expected, keys), strict=True)
    return [(name, a[name], b[name]) for a, b in pairs for name in columns if not _is_equal(a[name], b[name])]


def _keys(expected: list[dict[str, Any]]) -> list[str]:
    """Columns that rows are told apart by: text and days first, then whole numbers, which a key may hold too."""
    kinds: tuple[Any, ...] = (str | date, int)
    return [name for kind in kinds for name in expected[0] if any(isinstance(row[name], kind) for row in expected)]


def _ordered(rows: list[dict[str, Any]], keys: list[str]) -> list[dict[str, Any]]:
    def place(value: Any) -> tuple[str, Decimal]:
        return ("", Decimal(value)) if isinstance(value, Decimal | int) else (str(value), Decimal(0))

    return sorted(rows, key=lambda row: [place(row[name]) for name in keys])


def _is_equal(told: Any, expected: Any) -> bool:
    if isinstance(told, float) or isinstance(expected, float):
        return told is not None and expected is not None and math.isclose(told, expected, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(told, Decimal | int) and isinstance(expected, Decimal | int):
        return Decimal(told) == Decimal(expected)
    return bool(told == expected)
