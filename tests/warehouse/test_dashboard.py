"""The dashboard's pages over a real warehouse: their headlines are what the views say, filters change them, and they say what they lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
import streamlit as st
from streamlit.runtime.secrets import secrets_singleton
from streamlit.testing.v1 import AppTest

from bi.page import NO_ROWS, NOTHING_LOADED, REFUSED, SILENT
from playhead.local.dashboard import app_script, app_secrets
from playhead.local.processes import free_port
from playhead.settings import Settings

Ask = Callable[..., list[dict[str, Any]]]
Facts = Any  # conftest.Facts
Open = Callable[[str], AppTest]
ROOT = Path(__file__).parents[2]
PAGES = ("executive", "audience", "content", "quality", "ads", "revenue", "experiments", "recommendations", "churn")
DAY, BEFORE, WEEK_BEFORE = "2026-11-24", "2026-11-23", "2026-11-16"


def opened(settings: Settings, page: str) -> AppTest:
    """A page as a reader opens it."""
    secrets_singleton.merge_programmatic_secrets(app_secrets(settings))
    app = AppTest.from_file(app_script(ROOT), default_timeout=120).run()
    return app if page == "executive" else app.switch_page(f"screens/{page}.py").run()


@pytest.fixture
def open_page(warehouse: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens pages over the test's warehouse. Streamlit's connection changes how all others bind values: that is taken back."""
    monkeypatch.setattr(snowflake.connector, "paramstyle", snowflake.connector.paramstyle)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield lambda page: opened(warehouse, page)
    with suppress(snowflake.connector.Error):
        st.connection("snowflake").close()
    st.cache_resource.clear()


@pytest.fixture
def filled(facts: Facts) -> Facts:
    """A few rows of every fact; the day DAY is still under way."""
    fill_audience(facts)
    fill_content(facts)
    fill_quality_and_ads(facts)
    fill_money(facts)
    return facts


def fill_audience(facts: Facts) -> None:
    def audience(day: str, users: int, revenue: str) -> dict[str, Any]:
        counts = {"daily_active_viewers_count": users, "weekly_active_viewers_count": 30, "monthly_active_viewers_count": 50}
        told = {"event_date": facts.day(day), "ad_revenue": Decimal(revenue), "watched_ms": users * 3_600_000, "plays_count": users}
        return dict(facts.row("gold.audience_daily", **counts, **told))

    def viewer(name: str, country: str, tier: str) -> dict[str, Any]:
        who = {
            "viewer_id": name,
            "user_id": name,
            "country": country,
            "platform": "web",
            "subscription_tier": tier,
            "is_paid": tier != "free",
        }
        sums = {"ad_revenue": Decimal("0.50"), "watched_ms": 60_000, "plays_count": 1, "sessions_count": 1}
        return dict(facts.row("gold.user_daily", event_date=facts.day(BEFORE), **who, **sums))

    facts.put("gold.audience_daily", audience(WEEK_BEFORE, 10, "2"), audience(BEFORE, 12, "3"), audience(DAY, 1, "0"))
    facts.put("gold.user_daily", viewer("ann", "DE", "premium"), viewer("bob", "DE", "free"), viewer("cyd", "FR", "basic"))

    def context(name: str, country: str, region: str) -> dict[str, Any]:
        place = {"viewer_id": name, "country": country, "region": region, "platform": "web", "device_type": "desktop"}
        return dict(facts.row("gold.user_context_daily", event_date=facts.day(BEFORE), plays_count=1, sessions_count=1, **place))

    facts.put(
        "gold.user_context_daily",
        *(context("ann", "DE", region) for region in ("Berlin", "Bremen")),
        context("bob", "DE", "Berlin"),
        context("cyd", "FR", "unknown"),
    )


def fill_content(facts: Facts) -> None:
    def title(content_id: str, kind: str, plays: int) -> dict[str, Any]:
        told = {"content_id": content_id, "content_title": f"Title {content_id}", "content_type": kind, "content_genre": "drama"}
        reached = {f"reached_{share}pct_count": plays // 2 for share in (10, 25, 50, 75, 90, 100)}
        sums = {
            "plays_count": plays,
            "started_count": plays,
            "watched_ms": plays * 3_600_000,
            "ad_revenue": Decimal("1.50"),
            "likes_count": 2,
        }
        return dict(facts.row("gold.content_daily", event_date=facts.day(BEFORE), **told, **reached, **sums))

    facts.put("gold.content_daily", title("a", "movie", 6), title("b", "series", 4))
    keys = [{"viewer_id": "ann", "content_id": content_id, "event_date": facts.day(BEFORE)} for content_id in ("a", "b")]
    facts.put("gold.user_content_daily", *(facts.row("gold.user_content_daily", plays_count=1, **key) for key in keys))


def fill_quality_and_ads(facts: Facts) -> None:
    def hour(platform: str, plays: int, failed: int) -> dict[str, Any]:
        place = {"platform": platform, "device_type": "desktop", "player": "shaka", "cdn": "edge-1", "country": "DE", "app_version": "1"}
        sums = {"plays_count": plays, "failed_count": failed, "startup_ms": plays * 1_000, "startup_ms_count": plays, "played_ms": 90_000}
        media = {"stall_ms": 10_000, "media_bits": 900_000_000, "media_ms": 300_000, "watched_ms": 100_000}
        return dict(facts.row("gold.qoe_hourly", event_hour=datetime(2026, 11, 23, 5, tzinfo=UTC), **place, **sums, **media))

    def advert(campaign: str, kind: str, impressions: int) -> dict[str, Any]:
        key = {"ad_campaign_id": campaign, "ad_id": f"{campaign}-1", "ad_type": kind, "ad_position_from_min": 0}
        sums = {"ad_impressions_count": impressions, "ad_clicks_count": 1, "ad_dollar_impressions_count": impressions}
        return dict(facts.row("gold.ad_daily", event_date=facts.day(BEFORE), ad_revenue=Decimal("2.50"), **key, **sums))

    def value(breakdown: str, name: str, plays: int) -> dict[str, Any]:
        key = {"event_date": facts.day(BEFORE), "breakdown": breakdown, "breakdown_value": name}
        return dict(facts.row("gold.qoe_breakdown_daily", plays_count=plays, seek_count=plays, seek_ms=plays * 250, **key))

    facts.put("gold.qoe_hourly", hour("web", 30, 3), hour("ios", 10, 0))
    facts.put("gold.qoe_breakdown_daily", value("region", "DE, Berlin", 40), value("content_id", "a", 30), value("content_id", "b", 10))
    seen = {"viewer_id": "ann", "advertiser_id": "acme", "ad_campaign_id": "spring", "ad_id": "spring-1", "ad_creative_id": "dog"}
    facts.put("gold.user_ad_daily", facts.row("gold.user_ad_daily", event_date=facts.day(BEFORE), ad_impressions_count=3, **seen))
    facts.put("gold.ad_daily", advert("spring", "pre_roll", 30), advert("autumn", "mid_roll", 10))


def fill_money(facts: Facts) -> None:
    def moved(before: str, after: str, movement: str, users: int) -> dict[str, Any]:
        key = {"event_date": facts.day(BEFORE), "previous_tier": before, "subscription_tier": after, "movement": movement}
        return dict(facts.row("gold.subscriptions_daily", users_count=users, **key))

    def group(variant: str, viewers: int) -> dict[str, Any]:
        key = {"event_date": facts.day(BEFORE), "experiment": "autoplay", "variant": variant}
        counts = {"exposed_viewers_count": viewers, "convertible_viewers_count": viewers, "converted_viewers_count": 1}
        return dict(facts.row("gold.experiments_daily", watched_ms=6_000_000, **key, **counts))

    def score(user: str, category: str, probability: float) -> dict[str, Any]:
        told = {
            "churn_risk_category": category,
            "days_since_last_active": 9,
            "horizon_days": 7,
            "model_version": "3",
            "top_reasons": "idle",
        }
        return dict(facts.row("gold.churn_scores", score_date=facts.day(BEFORE), user_id=user, churn_probability=probability, **told))

    facts.put("gold.subscriptions_daily", moved("none", "premium", "new", 2), moved("none", "basic", "new", 3))
    facts.put("gold.experiments_daily", group("control", 10), group("treatment", 20), group("(mixed)", 1))
    facts.put("gold.churn_scores", score("ann", "High", 0.75), score("cyd", "Low", 0.25))

    def listed(user: str, rank: int, title: str, ranked_by: str) -> dict[str, Any]:
        key = {"score_date": facts.day(BEFORE), "viewer_id": user, "recommendation_rank": rank, "content_id": title}
        return dict(facts.row("gold.recommendations", recommendation_score=1 / rank, ranked_by=ranked_by, **key))

    facts.put("gold.recommendations", listed("ann", 1, "a", "als"), listed("ann", 2, "b", "als"), listed("bob", 1, "a", "popularity"))


def put_loads(facts: Facts, ask: Ask, newest: datetime) -> None:
    """A log by which every fact was loaded up to a day, or an hour of it."""
    tables = [row["TABLE_NAME"] for row in ask("SELECT TABLE_NAME FROM BI.V_FRESHNESS")]
    keys = {table: f"{newest:%Y-%m-%dT%H}" if table.endswith("_hourly") else f"{newest:%Y-%m-%d}" for table in tables}
    told = {"run_id": "1", "content_hash": "h", "published_at": newest}
    facts.put("ops.load_log", *(facts.row("ops.load_log", table_name=table, partition_key=key, **told) for table, key in keys.items()))


def headline(app: AppTest) -> dict[str, str]:
    assert not app.exception
    return {metric.label: metric.value for metric in app.metric}


def days_told(app: AppTest) -> list[str]:
    assert not app.exception
    return [str(day) for day in app.dataframe[0].value["EVENT_DATE"]]


def test_executive__yesterday_against_the_week_before(filled: Facts, ask: Ask, open_page: Open) -> None:
    app = open_page("executive")
    (kpis,) = ask("SELECT * FROM BI.V_EXECUTIVE_KPIS")
    assert (kpis["DAILY_ACTIVE_USERS"], float(kpis["REVENUE"])) == (12, 3.0)
    assert headline(app) == {"Daily active users": "12", "Watch time": "12 h", "Ad revenue": "$3.00"}
    assert [metric.delta for metric in app.metric] == ["+20.0 %", "+20.0 %", "+50.0 %"]  # 12 against 10, $3 against $2
    assert f"Data as of {DAY}, in UTC days; that day may not be complete." in [text.value for text in app.markdown]


def test_executive__fewer_days_are_shown_when_fewer_are_asked(filled: Facts, open_page: Open) -> None:
    app = open_page("executive")
    assert days_told(app) == [BEFORE, WEEK_BEFORE]
    app.selectbox[0].set_value(7).run()
    assert days_told(app) == [BEFORE]  # the other is 8 days before the day under way


def test_audience__the_newest_whole_day_and_the_countries_that_are_chosen(filled: Facts, open_page: Open) -> None:
    app = open_page("audience")
    told = headline(app)
    assert (told["Daily active users"], told["Monthly active users"], told["Stickiness"]) == ("12", "50", "24.0 %")  # 12 / 50
    assert list(app.dataframe[0].value["COUNTRY"]) == ["DE", "FR"]
    app.multiselect[0].set_value(["FR"]).run()
    assert list(app.dataframe[0].value["COUNTRY"]) == ["FR"]


def test_content__plays_of_all_titles_or_of_a_type(filled: Facts, ask: Ask, open_page: Open) -> None:
    app = open_page("content")
    (sums,) = ask("SELECT SUM(TOTAL_VIEWS_30D) AS PLAYS FROM BI.V_TOP_CONTENT")
    assert int(sums["PLAYS"]) == 10
    assert headline(app) == {"Plays": "10", "Titles": "2", "Watch time": "10 h", "Likes": "4", "Ad revenue": "$3.00"}
    app.multiselect[0].set_value(["movie"]).run()
    assert (headline(app)["Plays"], headline(app)["Titles"]) == ("6", "1")
    app.multiselect[1].set_value(["drama"]).run()
    assert list(app.dataframe[0].value["TITLE"]) == ["Title a"]


def test_quality__ratios_are_of_sums_also_over_several_rows(filled: Facts, open_page: Open) -> None:
    app = open_page("quality")
    # failures: 3 / 40, not the mean of 10 % and 0 %; stalls: 20 s of 180 s played and 20 s stalled
    told = {"Plays": "40", "Startup time": "1.00 s", "Playback failures": "7.5 %", "Rebuffering": "10.0 %", "Bitrate": "3.00 Mbit/s"}
    assert headline(app) | told == headline(app)
    app.multiselect[0].set_value(["web"]).run()
    assert (headline(app)["Plays"], headline(app)["Playback failures"]) == ("30", "10.0 %")


def test_quality__by_one_thing_at_a_time(filled: Facts, open_page: Open) -> None:
    app = open_page("quality")
    by_thing = app.dataframe[-1].value
    assert list(by_thing["BREAKDOWN_VALUE"]) == ["a", "b", "DE, Berlin"]
    (chosen,) = [each for each in app.multiselect if each.label == "Breakdown"]
    chosen.set_value(["content_id"]).run()
    rows = app.dataframe[-1].value
    assert (list(rows["CONTENT_TITLE"]), set(rows["SEEK_WAIT_MEAN_MS"])) == (["Title a", "Title b"], {250.0})
    assert headline(app)["Plays"] == "40", "what is above is not filtered by it"


def test_ads__by_campaign(filled: Facts, open_page: Open) -> None:
    app = open_page("ads")
    assert set(app.dataframe[-1].value["REACH"]) == {1}
    assert set(app.dataframe[-1].value["BREAKDOWN"]) == {"advertiser_id", "ad_campaign_id", "ad_id", "ad_creative_id"}
    assert (headline(app)["Revenue"], headline(app)["Impressions"], headline(app)["Click-through"]) == ("$5.00", "40", "5.0 %")  # 2 / 40
    app.multiselect[0].set_value(["spring"]).run()
    assert (headline(app)["Revenue"], headline(app)["Click-through"]) == ("$2.50", "3.3 %")  # 1 / 30


def test_revenue__mrr_of_all_plans_or_of_one(filled: Facts, ask: Ask, open_page: Open) -> None:
    app = open_page("revenue")
    plans = {row["SUBSCRIPTION_TIER"]: row for row in ask("SELECT * FROM BI.V_MRR_ANALYSIS")}
    assert (plans["premium"]["SUBSCRIBERS"], plans["basic"]["SUBSCRIBERS"]) == (2, 3)
    assert headline(app)["MRR"] == f"${sum(row['MRR'] for row in plans.values()):,.2f}"
    assert headline(app)["Subscribers"] == "5"
    app.multiselect[0].set_value(["premium"]).run()
    assert headline(app)["MRR"] == headline(app)["Change this month"] == f"${plans['premium']['MRR']:,.2f}"


def test_experiments__viewers_of_the_experiment_that_is_chosen(filled: Facts, open_page: Open) -> None:
    app = open_page("experiments")
    told = headline(app)
    assert (told["Viewers"], told["Variants"], told["Told several variants"], told["Conversion of control"]) == ("31", "2", "1", "10.0 %")
    assert list(app.dataframe[0].value["VARIANT"]) == ["(mixed)", "control", "treatment"]


def test_recommendations__what_is_on_the_lists(filled: Facts, open_page: Open) -> None:
    app = open_page("recommendations")
    assert headline(app) == {
        "Viewers with a list": "2", "Titles recommended": "2", "Places on lists": "3", "Ranked by the model": "66.7 %",
    }  # fmt: skip
    assert list(app.dataframe[0].value["VIEWER_ID"]) == ["ann", "ann", "bob"]
    app.multiselect[0].set_value(["popularity"]).run()
    assert (headline(app)["Viewers with a list"], headline(app)["Ranked by the model"]) == ("1", "0.0 %")


def test_churn__who_is_at_risk_by_plan(filled: Facts, open_page: Open) -> None:
    app = open_page("churn")
    told = headline(app)
    assert (told["Paid users scored"], told["High risk"], told["Share at high risk"], told["Expected to leave"]) == (
        "2",
        "1",
        "50.0 %",
        "1",
    )
    assert list(app.dataframe[0].value["USER_ID"]) == ["ann", "cyd"]
    app.multiselect[1].set_value(["basic"]).run()
    assert (headline(app)["Paid users scored"], headline(app)["High risk"]) == ("1", "0")


def test_pages__of_a_warehouse_without_rows_say_so(facts: Facts, open_page: Open) -> None:
    for page in PAGES:
        app = open_page(page)
        assert (page, list(app.exception), list(app.metric)) == (page, [], [])
        assert (page, [info.value for info in app.info]) == (page, [NOTHING_LOADED])


def test_page__of_a_warehouse_without_views_says_so(open_page: Open) -> None:
    app = open_page("executive")
    assert not app.exception
    assert [info.value for info in app.info] == [NOTHING_LOADED]


def test_page__filters_that_leave_nothing_say_so(filled: Facts, open_page: Open) -> None:
    app = open_page("churn")
    app.multiselect[0].set_value(["Low"])
    app.multiselect[1].set_value(["premium"]).run()
    assert [info.value for info in app.info] == [NO_ROWS]


def test_pages__fresh_tables_raise_no_banner(filled: Facts, open_page: Open, ask: Ask) -> None:
    put_loads(filled, ask, datetime.now(UTC) - timedelta(hours=1))
    assert [page for page in PAGES if open_page(page).warning] == []


def test_pages__a_table_that_missed_its_deadline_is_named(filled: Facts, open_page: Open, ask: Ask) -> None:
    put_loads(filled, ask, datetime(2026, 1, 5, 7, tzinfo=UTC))
    banners = {page: [banner.value for banner in open_page(page).warning] for page in PAGES}
    assert banners["quality"] == [
        "Not up to date. gold.qoe_breakdown_daily ends with 2026-01-05; more was due by 2026-01-07 06:00 UTC. "
        "gold.qoe_hourly ends with 2026-01-05, hour 07; more was due by 2026-01-05 11:00 UTC."
    ]
    assert [page for page, said in banners.items() if len(said) != 1 or "ends with 2026-01-05" not in said[0]] == []


def test_page__a_warehouse_that_does_not_answer_is_told(open_page: Open, tmp_path: Path) -> None:
    app = opened(Settings(state_dir=tmp_path, port_base=free_port() - 84), "executive")
    assert not app.exception
    assert [error.value for error in app.error] == [SILENT]


def test_page__views_of_another_version_are_told(filled: Facts, open_page: Open, ask: Ask) -> None:
    ask("CREATE OR REPLACE VIEW BI.V_EXECUTIVE_KPIS AS SELECT CURRENT_DATE AS AS_OF")
    app = open_page("executive")
    assert not app.exception
    assert [error.value for error in app.error] == [REFUSED]


def test_page__a_session_that_ended_is_begun_again(filled: Facts, open_page: Open) -> None:
    assert headline(open_page("executive"))["Daily active users"] == "12"
    st.connection("snowflake").raw_connection.close()
    st.cache_data.clear()
    assert headline(open_page("executive"))["Daily active users"] == "12"
