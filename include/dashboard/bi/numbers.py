"""Numbers as people read them. What the warehouse does not know (NULL) is a dash, never a zero."""

from __future__ import annotations

import math
from collections.abc import Callable

DASH = "–"
Form = Callable[[float | None], str]
_MILLION, _THOUSAND = 1_000_000, 100_000


def _told(form: Callable[[float], str]) -> Form:
    def shown(value: float | None) -> str:
        return DASH if value is None or math.isnan(float(value)) else form(float(value))

    return shown


def _short(value: float) -> str:
    """Up to five digits in full; then in thousands and millions."""
    if abs(value) >= _MILLION:
        return f"{value / _MILLION:,.2f} M"
    return f"{value / 1000:,.1f} k" if abs(value) >= _THOUSAND else f"{value:,.0f}"


def _dollars(value: float) -> str:
    sign = "-" if value < 0 else ""
    return f"{sign}${_short(abs(value))}" if abs(value) >= _THOUSAND else f"{sign}${abs(value):,.2f}"


count = _told(_short)
dollars = _told(_dollars)
percent = _told(lambda value: f"{value:,.1f} %")
signed_percent = _told(lambda value: f"{value:+,.1f} %")
minutes = _told(lambda value: f"{value:,.1f} min")
hours = _told(lambda value: f"{_short(value)} h")
seconds = _told(lambda value: f"{value / 1000:,.2f} s")
megabits = _told(lambda value: f"{value / 1000:,.2f} Mbit/s")
