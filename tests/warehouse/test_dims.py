"""Dims are made from the facts, and their keys survive reloads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Ask = Callable[..., list[dict[str, Any]]]
Facts = Any  # conftest.Facts


def user_day(facts: Facts, day: str, viewer: str, tier: str | None, **values: Any) -> dict[str, Any]:
    told = {"subscription_tier": tier, "is_paid": tier == "premium", "platform": "ios"}
    return dict(facts.row("gold.user_daily", event_date=facts.day(day), viewer_id=viewer, **told, **values))


def test_dim_user__has_the_newest_known_plan_and_a_key_that_survives(facts: Facts, ask: Ask) -> None:
    facts.put("gold.user_daily", user_day(facts, "2026-11-20", "ann", "free", user_id="ann"))
    key = ask("SELECT USER_KEY FROM DIM.DIM_USER")
    days = [user_day(facts, "2026-11-21", "ann", "premium"), user_day(facts, "2026-11-22", "ann", None)]
    facts.put("gold.user_daily", *days)
    assert ask("SELECT USER_KEY FROM DIM.DIM_USER") == key
    assert ask("SELECT VIEWER_ID, SUBSCRIPTION_TIER, IS_PAID, FIRST_ACTIVE_DATE, LAST_ACTIVE_DATE FROM DIM.DIM_USER") == [
        {
            "VIEWER_ID": "ann",
            "SUBSCRIPTION_TIER": "premium",  # the 22nd does not tell
            "IS_PAID": True,
            "FIRST_ACTIVE_DATE": facts.day("2026-11-20"),
            "LAST_ACTIVE_DATE": facts.day("2026-11-22"),
        }
    ]


def test_dim_device_and_geography__one_row_per_value_seen(facts: Facts, ask: Ask) -> None:
    def hour(at: int, device_type: str, country: str) -> dict[str, Any]:
        told = {"platform": "web", "cdn": "c", "player": "hls.js", "app_version": "1", "device_type": device_type, "country": country}
        return dict(facts.row("gold.qoe_hourly", event_hour=datetime(2026, 11, 24, at, tzinfo=UTC), plays_count=1, **told))

    facts.put("gold.qoe_hourly", hour(5, "tv", "DE"), hour(5, "mobile", "unknown"), hour(6, "tv", "DE"))
    facts.put("gold.user_daily", user_day(facts, "2026-11-24", "ann", None, country="FR"))
    devices = ask("SELECT DEVICE_TYPE, IS_BIG_SCREEN FROM DIM.DIM_DEVICE ORDER BY 1")
    assert devices == [{"DEVICE_TYPE": "mobile", "IS_BIG_SCREEN": False}, {"DEVICE_TYPE": "tv", "IS_BIG_SCREEN": True}]
    assert [(r["COUNTRY"], r["IS_KNOWN"]) for r in ask("SELECT * FROM DIM.DIM_GEOGRAPHY ORDER BY COUNTRY")] == [
        ("DE", True),
        ("FR", True),
        ("unknown", False),
    ]


def test_dim_date__covers_the_years_of_the_facts_and_is_kept(facts: Facts, ask: Ask) -> None:
    facts.put("gold.user_daily", user_day(facts, "2026-11-24", "ann", None))
    assert ask("SELECT COUNT(*) AS N, MIN(DATE_KEY) AS A, MAX(DATE_KEY) AS B FROM DIM.DIM_DATE") == [
        {"N": 365, "A": 20260101, "B": 20261231}
    ]
    assert ask("SELECT CALENDAR_DATE, ISO_WEEK FROM DIM.DIM_DATE WHERE HOLIDAY = 'Thanksgiving'") == [
        {"CALENDAR_DATE": facts.day("2026-11-26"), "ISO_WEEK": 48}
    ]
    facts.put("gold.user_daily", user_day(facts, "2027-01-01", "ann", None))
    assert ask("SELECT COUNT(*) AS N FROM DIM.DIM_DATE") == [{"N": 730}]
