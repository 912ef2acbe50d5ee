"""gold.audience_daily: windows and distincts worked by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from playhead.gold.audience_daily import build_audience_daily


def _day(number: int, viewer: str, **measures: object) -> dict[str, object]:
    return {"event_date": date(2026, 11, number), "viewer_id": viewer, **measures}


def test_audience_daily__a_viewer_counts_once_in_each_window(rows):
    user_daily = rows(
        "gold.user_daily",
        _day(30, "u1", is_paid=True, watched_ms=60, sessions_count=2, plays_count=3, completed_count=1, ad_revenue=Decimal("0.5")),
        _day(30, "u2", watched_ms=40, sessions_count=1),
        _day(24, "u1", watched_ms=999),  # sixth day back: in the week, and u1 is counted already
        _day(24, "u3", is_paid=True),  # in the week
        _day(23, "u4"),  # seventh day back: out of the week, in the month
        _day(1, "u5"),  # 29 days back: the month's first day
    )

    (row,) = build_audience_daily(user_daily, [date(2026, 11, 30)]).collect()

    assert row.event_date == date(2026, 11, 30)
    assert (row.daily_active_viewers_count, row.premium_viewers_count, row.free_viewers_count) == (2, 1, 1)
    assert row.weekly_active_viewers_count == 3  # u1, u2, u3
    assert row.monthly_active_viewers_count == 5  # and u4, u5
    assert (row.sessions_count, row.plays_count, row.completed_count, row.watched_ms) == (3, 3, 1, 100)
    assert row.ad_revenue == Decimal("0.500000")


def test_audience_daily__month_is_thirty_days_and_the_future_is_not_seen(rows):
    user_daily = rows(
        "gold.user_daily", _day(1, "thirty days back"), _day(2, "in"), {**_day(2, "tomorrow"), "event_date": date(2026, 12, 2)}
    )

    (row,) = build_audience_daily(user_daily, [date(2026, 12, 1)]).collect()

    assert (row.daily_active_viewers_count, row.weekly_active_viewers_count, row.monthly_active_viewers_count) == (0, 0, 1)


def test_audience_daily__only_requested_days_come_out_also_silent_ones(rows):
    user_daily = rows("gold.user_daily", _day(10, "u1", watched_ms=5), _day(11, "u1", watched_ms=7))
    requested = [date(2026, 11, 11), date(2026, 11, 12), date(2026, 11, 12), date(2026, 11, 9)]

    found = {r.event_date.day: (r.daily_active_viewers_count, r.weekly_active_viewers_count, r.watched_ms)
             for r in build_audience_daily(user_daily, requested).collect()}  # fmt: skip

    assert found == {9: (0, 0, 0), 11: (1, 1, 7), 12: (0, 1, 0)}


def test_audience_daily__no_day_requested_gives_no_row(rows):
    assert build_audience_daily(rows("gold.user_daily", _day(10, "u1")), []).collect() == []
