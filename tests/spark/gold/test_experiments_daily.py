"""gold.experiments_daily: viewers, sums and squares worked by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from playhead.gold.experiments_daily import build_experiments_daily


def _day(number: int, viewer: str, tier: str | None = None, **measures: int) -> dict[str, Any]:
    told = {"subscription_tier": tier, "is_paid": tier not in (None, "free")}
    return {"event_date": date(2026, 11, number), "viewer_id": viewer, **told, **measures}


def _built(user_daily: Any, sessions: Any, *days: int) -> dict[tuple[int, str, str], Any]:
    rows = build_experiments_daily(user_daily, sessions, [date(2026, 11, day) for day in days]).collect()
    return {(row.event_date.day, row.experiment, row.variant): row for row in rows}


def test_experiments_daily__squares_and_products_are_of_whole_viewers(rows):
    user_daily = rows(
        "gold.user_daily",
        _day(23, "a", watched_ms=1_000, plays_count=2, failed_count=1, stall_ms=10, startup_ms=300, startup_ms_count=1),
        _day(24, "a", watched_ms=3_000, plays_count=1, failed_count=1, stall_ms=20, startup_ms=500, startup_ms_count=1),
        _day(24, "b", watched_ms=500, plays_count=4, startup_ms=100, startup_ms_count=3),
    )
    told = {"ab_test_variant": "autoplay:control"}
    visits = rows(
        "silver.sessions",
        {"at": "23 05:00", "viewer_id": "a", **told},
        {"at": "24 05:00", "viewer_id": "a", **told},
        {"at": "24 06:00", "viewer_id": "a", **told},  # a second visit of the day adds nothing
        {"at": "24 05:00", "viewer_id": "b", **told},
    )

    (row,) = _built(user_daily, visits, 24).values()

    assert (row.experiment, row.variant, row.exposed_viewers_count) == ("autoplay", "control", 2)
    # a: watched 4000, plays 3, failed 2, stalled 30, startup 800 in 2; b: 500, 4, 0, 0, 100 in 3
    assert (row.watched_ms, row.watched_squares) == (4_500, 4_000**2 + 500**2)
    assert (row.plays_count, row.plays_squares) == (7, 9 + 16)
    assert (row.failed_count, row.failed_squares, row.failed_plays_products) == (2, 4, 6)
    assert (row.stall_ms, row.stall_squares, row.stall_watched_products) == (30, 900, 30 * 4_000)
    assert (row.startup_ms, row.startup_squares) == (900, 800**2 + 100**2)
    assert (row.startup_ms_count, row.startup_count_squares, row.startup_count_products) == (5, 4 + 9, 800 * 2 + 100 * 3)


def test_experiments_daily__thirty_days_in_ms_can_be_squared(rows):
    month_ms = 30 * 86_400_000
    user_daily = rows("gold.user_daily", _day(24, "a", watched_ms=month_ms), _day(24, "b", watched_ms=month_ms))
    visits = rows("silver.sessions", *({"at": "24 05:00", "viewer_id": viewer, "ab_test_variant": "t:x"} for viewer in "ab"))

    (row,) = _built(user_daily, visits, 24).values()

    assert int(row.watched_squares) == 2 * month_ms**2 > 2**63


def test_experiments_daily__only_days_with_an_exposure_in_the_window_count(rows):
    user_daily = rows(
        "gold.user_daily",
        _day(1, "a", watched_ms=1),
        _day(2, "a", watched_ms=20),
        _day(3, "a", watched_ms=300),
    )
    told = {"viewer_id": "a", "ab_test_variant": "autoplay:control"}
    visits = rows(
        "silver.sessions",
        {"at": "01 05:00", **told},
        {"at": "02 23:00", **told},
        {"at": "03 05:00", "viewer_id": "a"},  # tells no variant
        {"at": "03 06:00", "viewer_id": "a", "ab_test_variant": ""},
    )

    found = {day: row.watched_ms for (day, _, _), row in _built(user_daily, visits, 1, 2, 30).items()}
    (later,) = build_experiments_daily(user_daily, visits, [date(2026, 12, 1)]).collect()

    assert found == {1: 1, 2: 21, 30: 21}
    assert later.watched_ms == 20  # the 1st is the 31st day back
    assert build_experiments_daily(user_daily, visits, [date(2026, 12, 2)]).collect() == []


def test_experiments_daily__who_was_told_two_variants_is_in_neither(rows):
    user_daily = rows("gold.user_daily", *(_day(day, viewer) for day in (23, 24) for viewer in ("a", "b", "c")))
    visits = rows(
        "silver.sessions",
        {"at": "23 05:00", "viewer_id": "a", "ab_test_variant": "autoplay:control"},
        {"at": "24 05:00", "viewer_id": "a", "ab_test_variant": "autoplay:treatment"},
        {"at": "24 05:00", "viewer_id": "b", "ab_test_variant": "autoplay:treatment"},
        {"at": "24 06:00", "viewer_id": "b", "ab_test_variant": "poster:big:red"},  # another experiment
        {"at": "24 05:00", "viewer_id": "c", "ab_test_variant": "holdback"},
    )

    found = {key: row.exposed_viewers_count for key, row in _built(user_daily, visits, 23, 24).items()}

    assert found == {
        (23, "autoplay", "control"): 1,  # a, not moved yet
        (24, "autoplay", "(mixed)"): 1,
        (24, "autoplay", "treatment"): 1,
        (24, "poster", "big:red"): 1,
        (24, "holdback", "unknown"): 1,
    }


def test_experiments_daily__who_converted_and_who_churned_by_the_plans_told_first_and_later(rows):
    user_daily = rows(
        "gold.user_daily",
        *(_day(22, viewer, "free") for viewer in ("stays", "subscribes")),
        _day(23, "subscribes", "basic"),
        _day(24, "subscribes", "free"),  # and leaves again
        _day(22, "leaves", "basic"),
        _day(23, "leaves", "free"),
        _day(22, "comes back", "premium"),
        _day(23, "comes back", "free"),
        _day(24, "comes back", "basic"),
        _day(22, "nobody"),
    )
    everyone = ("stays", "subscribes", "leaves", "comes back", "nobody")
    visits = rows(
        "silver.sessions",
        *({"at": f"{day} 05:00", "viewer_id": viewer, "ab_test_variant": "t:x"} for day in (22, 23, 24) for viewer in everyone),
    )

    (row,) = _built(user_daily, visits, 24).values()

    assert (row.exposed_viewers_count, row.convertible_viewers_count, row.converted_viewers_count) == (5, 2, 1)
    assert (row.paying_viewers_count, row.churned_viewers_count) == (2, 1)
