"""gold.subscriptions_daily: plans and movements worked by hand."""

from __future__ import annotations

from collections import Counter
from datetime import date
from random import Random
from typing import Any

from playhead.gold.subscriptions_daily import TIERS, build_subscriptions_daily

JOINED, OF_OLD = date(2026, 11, 10), date(2025, 1, 1)


def _told(day: int, user: str | None, tier: str | None, signup: date | None = OF_OLD) -> dict[str, Any]:
    plan = {"user_id": user, "subscription_tier": tier, "user_signup_date": signup}
    return {"event_date": date(2026, 11, day), "viewer_id": user or "d1", **plan}


def _movements(rows: Any, *told: dict[str, Any], days: range) -> dict[tuple[int, str, str, str], int]:
    built = build_subscriptions_daily(rows("gold.user_daily", *told), [date(2026, 11, day) for day in days])
    return {(r.event_date.day, r.previous_tier, r.subscription_tier, r.movement): r.users_count for r in built.collect()}


def test_subscriptions_daily__every_kind_of_movement(rows):
    found = _movements(
        rows,
        _told(10, "ann", "free", JOINED),  # signed up that day
        _told(11, "ann", "basic"),  # never paid before
        _told(12, "ann", "enterprise"),
        _told(13, "ann", "premium"),
        _told(14, "ann", "free"),
        _told(15, "ann", "premium"),  # paid from the 11th on
        days=range(10, 17),
    )

    assert found == {
        (10, "none", "free", "new"): 1,
        (11, "free", "basic", "new"): 1,
        (12, "basic", "enterprise", "expansion"): 1,
        (13, "enterprise", "premium", "contraction"): 1,
        (14, "premium", "free", "churned"): 1,
        (15, "free", "premium", "reactivated"): 1,
        (16, "premium", "premium", "kept"): 1,
    }


def test_subscriptions_daily__a_subscriber_of_old_is_not_new(rows):
    found = _movements(
        rows,
        _told(10, "joined", "premium", JOINED),
        _told(10, "of old", "premium"),
        _told(10, "who knows", "premium", None),
        days=range(10, 11),
    )

    assert found == {(10, "none", "premium", "new"): 1, (10, "none", "premium", "first_seen"): 2}


def test_subscriptions_daily__silent_users_keep_their_plan_and_anonymous_viewers_have_none(rows):
    found = _movements(
        rows,
        _told(1, "silent", "basic"),
        _told(1, "told again", "basic"),
        _told(20, "told again", "basic"),
        _told(20, "silent", None),  # was there, and told no plan
        _told(20, None, "premium"),
        days=range(19, 22),
    )

    assert found == {(day, "basic", "basic", "kept"): 2 for day in (19, 20, 21)}


def test_subscriptions_daily__days_before_count_and_days_after_do_not(rows):
    told = [_told(1, "ann", "premium"), _told(5, "ann", "free"), _told(8, "ann", "basic")]

    assert _movements(rows, *told, days=range(8, 9)) == {(8, "free", "basic", "reactivated"): 1}
    assert _movements(rows, *told, days=range(6, 8)) == {(day, "free", "free", "kept"): 1 for day in (6, 7)}
    assert _movements(rows, *told, days=range(0)) == {}


def test_subscriptions_daily__plans_of_a_day_are_those_of_the_day_before_and_who_came(rows):
    """The identity that MRR rests on, for forty users who change at random (seeded)."""
    random = Random(7)
    told = [
        _told(day, f"u{user}", random.choice(TIERS), date(2026, 11, 1 + user % 20))
        for user in range(40)
        for day in range(1 + user % 7, 21)
        if random.random() < 0.3
    ]
    found = _movements(rows, *told, days=range(1, 21))
    assert {movement for *_, movement in found} == {"kept", "first_seen", "new", "reactivated", "expansion", "contraction", "churned"}
    held = Counter[str]()
    for day in range(1, 21):
        today = {key: count for key, count in found.items() if key[0] == day}
        before, after, came = Counter[str](), Counter[str](), Counter[str]()
        for (_, previous, tier, _), count in today.items():
            before[previous] += count
            after[tier] += count
            came[tier] += count if previous == "none" else 0
        del before["none"]
        assert before == held, f"who had which plan on the morning of day {day}"
        held = after
    assert held.total() == len({row["user_id"] for row in told})
