"""The calendar against dates that are known."""

from __future__ import annotations

from datetime import date

import pytest

from playhead.warehouse.dim_date import calendar_rows, easter_sunday, holidays_of


@pytest.mark.parametrize(
    ("year", "easter"),
    [(2000, date(2000, 4, 23)), (2024, date(2024, 3, 31)), (2025, date(2025, 4, 20)), (2026, date(2026, 4, 5)), (2038, date(2038, 4, 25))],
)
def test_easter_sunday(year: int, easter: date) -> None:
    assert easter_sunday(year) == easter


@pytest.mark.parametrize(("year", "day"), [(2024, 28), (2025, 27), (2026, 26), (2029, 22)])
def test_thanksgiving_is_the_fourth_thursday_of_november(year: int, day: int) -> None:
    assert holidays_of(year)[date(year, 11, day)] == "Thanksgiving"


def test_calendar_rows__every_day_once_with_iso_weeks() -> None:
    rows = calendar_rows(2024, 2026)
    assert len(rows) == 366 + 365 + 365
    assert len({row["date_key"] for row in rows}) == len(rows)
    by_date = {row["calendar_date"]: row for row in rows}
    # 29 December 2025 is a Monday and begins week 1 of ISO year 2026
    monday = by_date[date(2025, 12, 29)]
    assert (monday["iso_year"], monday["iso_week"], monday["iso_weekday"], monday["is_weekend"]) == (2026, 1, 1, False)
    leap = by_date[date(2024, 2, 29)]
    assert (leap["date_key"], leap["is_month_end"], leap["day_of_year"], leap["quarter"], leap["holiday"]) == (20240229, True, 60, 1, None)
