"""How far the data goes, and whether a table missed its deadline, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any


def told_as_of(day: date) -> str:
    """Up to which day the numbers go. It is the facts' newest, so it may still be under way."""
    return f"Data as of {day.isoformat()}, in UTC days; that day may not be complete."


def told_late(tables: Iterable[Mapping[Any, Any]]) -> str:
    """What missed its deadline, for a banner; empty where nothing did."""
    late = [_late(table) for table in tables if table["IS_LATE"]]
    return "Not up to date. " + " ".join(late) if late else ""


def _late(table: Mapping[Any, Any]) -> str:
    name, newest, due = table["TABLE_NAME"], table["NEWEST_INTERVAL"], table["DUE_AT"]
    if not isinstance(newest, str) or not isinstance(due, datetime):
        return f"{name} was never loaded."
    return f"{name} ends with {newest.replace('T', ', hour ')}; more was due by {due:%Y-%m-%d %H:%M} UTC."
