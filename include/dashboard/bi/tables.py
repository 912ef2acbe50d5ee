"""Tables and their export: columns named in words with their units, and rows as CSV that a spreadsheet does not run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    import pandas as pd

_MONEY = ("REVENUE", "REVENUE_PER_USER", "MRR", "ECPM", "ARPU", "MONTHLY_PRICE")
_SHORT = {"AD", "CDN", "CTR", "EBVS", "ECPM", "ID", "MRR", "NET", "VPF", "VSF", "ARPU"}
_UNITS = {"PCT": "%", "MS": "ms", "KBPS": "kbit/s", "MIN": "min"}
# A spreadsheet takes a text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def words(column: str) -> str:
    """A column's name as people read it, with its unit."""
    parts = column.split("_")
    unit = _UNITS.get(parts[-1], "")
    named = [part if part in _SHORT - {"AD", "NET"} else part.lower() for part in (parts[:-1] if unit else parts)]
    text = " ".join(named)
    return f"{text[0].upper()}{text[1:]}{f' ({unit})' if unit else ''}"


def column_forms(frame: pd.DataFrame) -> dict[str, Any]:
    """How each column is shown."""
    return {column: _form(column, frame[column]) for column in frame.columns}


def _form(column: str, values: pd.Series[Any]) -> Any:
    if values.dtype.kind not in "if":
        return st.column_config.Column(words(column))
    if column.endswith(_MONEY):
        return st.column_config.NumberColumn(f"{words(column)} (USD)", format="%.2f")
    whole = values.dtype.kind == "i" or bool((values.dropna() % 1 == 0).all())
    return st.column_config.NumberColumn(words(column), format="localized" if whole else "%.2f")


def as_csv(frame: pd.DataFrame) -> bytes:
    """The rows as CSV with a header; texts that a spreadsheet would run are quoted with an apostrophe."""
    safe = frame.apply(lambda column: column.map(_inert) if column.dtype == object else column)
    return bytes(safe.to_csv(index=False).encode("utf-8"))


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
