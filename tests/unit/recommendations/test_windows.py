"""Days of a contest worked by hand."""

from __future__ import annotations

from datetime import date, timedelta

from playhead.recommendations.windows import Days, plan_days

FIRST = date(2026, 1, 1)


def test_thirty_five_days():
    days = plan_days(FIRST, date(2026, 2, 4))
    assert days.score == date(2026, 2, 4)
    assert days.known == Days(date(2026, 1, 8), date(2026, 2, 4))
    assert days.contest_known == Days(FIRST, date(2026, 1, 28))
    assert days.held_out == Days(date(2026, 1, 29), date(2026, 2, 4))


def test_no_contest_with_less_than_a_week_before_the_held_out_days():
    assert plan_days(FIRST, FIRST + timedelta(days=13)).contest_known == Days(FIRST, date(2026, 1, 7))
    short = plan_days(FIRST, FIRST + timedelta(days=12))
    assert (short.contest_known, short.held_out) == (None, None)
    assert short.known == Days(FIRST, date(2026, 1, 13))
