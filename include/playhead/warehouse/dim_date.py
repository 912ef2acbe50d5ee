"""DIM.DIM_DATE: the calendar, with ISO weeks and the holidays on which people watch differently."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Any

_FIXED_HOLIDAYS = {
    (1, 1): "New Year's Day",
    (2, 14): "Valentine's Day",
    (7, 4): "Independence Day",
    (10, 31): "Halloween",
    (12, 24): "Christmas Eve",
    (12, 25): "Christmas Day",
    (12, 26): "Boxing Day",
    (12, 31): "New Year's Eve",
}
_THURSDAY = 3


def calendar_rows(first_year: int, last_year: int) -> list[dict[str, Any]]:
    """Every day from 1 January of the first year to 31 December of the last, ascending; a pure function of the two years."""
    holidays = {day: name for year in range(first_year, last_year + 1) for day, name in holidays_of(year).items()}
    first, end = date(first_year, 1, 1), date(last_year + 1, 1, 1)
    days = (first + timedelta(days=offset) for offset in range((end - first).days))
    return [_row(day, holidays.get(day)) for day in days]


def holidays_of(year: int) -> dict[date, str]:
    """The holidays of a year: fixed days, Easter and what hangs on it, Thanksgiving."""
    easter = easter_sunday(year)
    november = date(year, 11, 1)
    thanksgiving = november + timedelta(days=(_THURSDAY - november.weekday()) % 7 + 21)
    return {
        **{date(year, month, day): name for (month, day), name in _FIXED_HOLIDAYS.items()},
        easter - timedelta(days=2): "Good Friday",
        easter: "Easter Sunday",
        easter + timedelta(days=1): "Easter Monday",
        thanksgiving: "Thanksgiving",
    }


def easter_sunday(year: int) -> date:
    """Easter Sunday in the Gregorian calendar (Meeus, Jones and Butcher's algorithm)."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    moon_drift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - moon_drift + 15) % 30
    leaps, leap_rest = divmod(of_century, 4)
    to_sunday = (32 + 2 * century_rest + 2 * leaps - epact - leap_rest) % 7
    correction = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def _row(day: date, holiday: str | None) -> dict[str, Any]:
    iso = day.isocalendar()
    quarter = (day.month + 2) // 3
    return {
        "date_key": day.year * 10_000 + day.month * 100 + day.day,
        "calendar_date": day,
        "year": day.year,
        "quarter": quarter,
        "month": day.month,
        "month_name": calendar.month_name[day.month],
        "day_of_month": day.day,
        "day_of_year": day.timetuple().tm_yday,
        "iso_year": iso.year,
        "iso_week": iso.week,
        "iso_weekday": iso.weekday,
        "weekday_name": calendar.day_name[day.weekday()],
        "is_weekend": iso.weekday >= 6,
        "is_month_end": (day + timedelta(days=1)).day == 1,
        "holiday": holiday,
        "is_holiday": holiday is not None,
        "fiscal_year": day.year,
        "fiscal_quarter": quarter,
    }
