"""Which days a table covers fully, worked by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from playhead.errors import TooEarlyError
from playhead.gold.complete_days import complete_days

FIRST = date(2026, 1, 1)
TABLE = "gold.user_daily"


def test_complete_days__a_day_is_complete_when_a_later_one_has_begun():
    assert complete_days({FIRST: 100, FIRST + timedelta(days=1): 100, FIRST + timedelta(days=2): 90}, TABLE) == (FIRST, date(2026, 1, 2))


def test_complete_days__stragglers_before_and_strays_after_are_not_days():
    usual = {FIRST + timedelta(days=number): 100 for number in range(10)}
    strays = {FIRST - timedelta(days=3): 1, date(2026, 1, 11): 1, date(2026, 1, 14): 1}

    assert complete_days(usual | strays, TABLE) == (FIRST, date(2026, 1, 10))


def test_complete_days__backfill_looks_at_nothing_from_a_day_on():
    usual = {FIRST + timedelta(days=number): 100 for number in range(10)}

    assert complete_days(usual, TABLE, before=date(2026, 1, 5)) == (FIRST, date(2026, 1, 4))
    with pytest.raises(TooEarlyError, match=r"gold\.user_daily has 10 days and none before 2026-01-01 is complete"):
        complete_days(usual, TABLE, before=FIRST)


@pytest.mark.parametrize("days", [{}, {FIRST: 10}])
def test_complete_days__too_few_days_name_the_next_step(days):
    with pytest.raises(TooEarlyError, match="run build_daily"):
        complete_days(days, TABLE)
