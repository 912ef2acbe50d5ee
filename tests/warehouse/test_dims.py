"""Dims are made from the facts, and their keys survive reloads."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playhead.warehouse.loader import refresh_dims

Ask = Callable[..., list[dict[str, Any]]]
Facts = Any  # conftest.Facts

VIEWS_PAGE = Path(__file__).parents[2] / "docs" / "views.md"
(BY_PLAN,) = (
    block for block in re.findall(r"```sql\n(.*?)```", VIEWS_PAGE.read_text(encoding="utf-8"), flags=re.DOTALL) if "DIM_USER_PLAN" in block
)


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


def _plans(ask: Ask) -> list[tuple[Any, ...]]:
    rows = ask("SELECT * FROM DIM.DIM_USER_PLAN ORDER BY VIEWER_ID, VALID_FROM")
    return [(r["VIEWER_ID"], r["SUBSCRIPTION_TIER"], r["IS_PAID"], str(r["VALID_FROM"]), str(r["VALID_TO"]), r["IS_CURRENT"]) for r in rows]


def test_dim_user_plan__is_the_history_whatever_the_order_it_came_in(facts: Facts, ask: Ask) -> None:
    facts.put("gold.user_daily", user_day(facts, "2026-11-10", "ann", None), user_day(facts, "2026-11-16", "ann", "free"))
    facts.put("gold.user_daily", user_day(facts, "2026-11-12", "ann", "free"), user_day(facts, "2026-11-20", "bob", "basic"))
    before = ask("SELECT USER_PLAN_KEY FROM DIM.DIM_USER_PLAN WHERE VALID_FROM = '2026-11-10'")
    # late: ann paid from the 14th to the 16th, and told nothing on the 18th
    facts.put("gold.user_daily", user_day(facts, "2026-11-14", "ann", "premium"), user_day(facts, "2026-11-18", "ann", None))

    assert _plans(ask) == [
        ("ann", None, False, "2026-11-10", "2026-11-12", False),
        ("ann", "free", False, "2026-11-12", "2026-11-14", False),
        ("ann", "premium", True, "2026-11-14", "2026-11-16", False),
        ("ann", "free", False, "2026-11-16", "9999-12-31", True),
        ("bob", "basic", True, "2026-11-20", "9999-12-31", True),
    ]
    assert ask("SELECT USER_PLAN_KEY FROM DIM.DIM_USER_PLAN WHERE VALID_FROM = '2026-11-10'") == before
    history = ask("SELECT * FROM DIM.DIM_USER_PLAN ORDER BY 1")
    refresh_dims(facts.connection)
    assert ask("SELECT * FROM DIM.DIM_USER_PLAN ORDER BY 1") == history
    assert ask("SELECT DISTINCT USER_KEY FROM DIM.DIM_USER_PLAN ORDER BY 1") == ask("SELECT USER_KEY FROM DIM.DIM_USER ORDER BY 1")


def test_dim_user_plan__a_fact_has_the_plan_of_its_day(facts: Facts, ask: Ask) -> None:
    days = ("2026-11-10", "2026-11-11", "2026-11-12", "2026-11-13")
    tiers = ("free", None, "premium", None)
    facts.put("gold.user_daily", *(user_day(facts, day, "ann", tier) for day, tier in zip(days, tiers, strict=True)))
    watched = [facts.row("gold.user_content_daily", event_date=facts.day(day), viewer_id="ann", content_id="t") for day in days]
    facts.put("gold.user_content_daily", *(dict(row, watched_ms=n) for n, row in enumerate(watched, 1)))

    assert [(r["SUBSCRIPTION_TIER"], int(r["WATCHED_MS"])) for r in ask(BY_PLAN)] == [("free", 3), ("premium", 7)]


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
