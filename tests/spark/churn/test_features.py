"""Point-in-time features worked by hand, and the proof that nothing after the cut-off is seen."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from playhead.churn.cutoffs import CutoffPlan
from playhead.churn.feature_list import FEATURE_NAMES
from playhead.churn.features import USER_BUCKETS, build_features, count_labelled

CUTOFF = date(2026, 1, 20)
PLAN = CutoffPlan(training=(), held_out=CUTOFF, score=date(2026, 1, 27), horizon_days=7)


def _at_cutoff(frame):
    return {row.user_id: row for row in frame.filter("slice = 'held_out'").collect()}


def test_features__worked_by_hand(gold):
    days = gold(
        "gold.user_daily",
        [
            # age 2 (in every window), age 7 (in 14 only), age 14 (in the rule's 30 only)
            {"day": 18, "user": "u1", "watched_ms": 600_000, "stall_ms": 6_000, "plays_count": 2, "completed_count": 1, "startup_ms": 900,
             "startup_ms_count": 1, "sessions_count": 1, "interactions_count": 4, "ad_impressions_count": 3, "app_crashes_count": 1,
             "engagement_score": Decimal("4.0"), "user_signup_date": date(2025, 12, 31)},
            {"day": 13, "user": "u1", "watched_ms": 1_800_000, "plays_count": 2, "failed_count": 1, "startup_ms": 300,
             "startup_ms_count": 2, "engagement_score": Decimal("7.0"), "network_errors_count": 2},
            {"day": 6, "user": "u1", "watched_ms": 600_000, "plays_count": 9, "engagement_score": Decimal("1.0")},
        ],
    )  # fmt: skip
    titles = gold(
        "gold.user_content_daily",
        [
            {"day": 18, "user": "u1", "content_id": "c1", "plays_count": 1},
            {"day": 13, "user": "u1", "content_id": "c1", "plays_count": 1},
            {"day": 13, "user": "u1", "content_id": "c2", "plays_count": 1},
            {"day": 13, "user": "u1", "content_id": "liked only", "interactions_count": 1},
            {"day": 6, "user": "u1", "content_id": "too long ago", "plays_count": 1},
            {"day": 21, "user": "u1", "content_id": "tomorrow", "plays_count": 1},
        ],
    )

    row = _at_cutoff(build_features(days, titles, PLAN))["u1"]

    assert (row.days_since_last_active, row.tenure_days, row.tier_rank) == (2, 20, 2)
    assert (row.active_days_3d, row.active_days_7d, row.active_days_14d, row.rule_active_days) == (1, 1, 2, 3)
    assert (row.watched_min_7d, row.watched_min_14d) == (10, 40)
    assert row.watch_trend == pytest.approx((10 - 30) / 40)
    assert row.completion_ratio_14d == pytest.approx(1 / 4)
    assert row.failure_ratio_14d == pytest.approx(1 / 4)
    assert (row.stall_ratio_7d, row.stall_ratio_14d) == (pytest.approx(0.01), pytest.approx(6 / 2400))
    assert row.startup_mean_ms_14d == pytest.approx(1200 / 3)
    assert row.ads_per_hour_14d == pytest.approx(3 / (40 / 60))
    assert (row.interactions_14d, row.app_crashes_14d, row.network_errors_14d, row.sessions_14d) == (4, 1, 2, 1)
    assert (row.engagement_mean_7d, row.engagement_mean_14d, row.engagement_trend) == (4, 5.5, 4 - 7)
    assert row.titles_14d == 2  # c1 and c2; not the like, not day 6, not tomorrow
    assert row.rule_engagement_mean == pytest.approx(12 / 3)
    assert row.rule_watched_min_mean == pytest.approx(50 / 3)
    assert row.churned is True


def test_features__rows_after_the_cutoff_change_no_feature(gold):
    past = [{"day": 15, "user": "u1", "watched_ms": 60_000, "plays_count": 1}, {"day": 20, "user": "u2", "watched_ms": 5}]
    # a future that would tell everything: active, other plan, other sign-up, huge sums, and a user first seen tomorrow
    future = [
        {"day": day, "user": user, "subscription_tier": "enterprise", "watched_ms": 10**9, "stall_ms": 10**8, "plays_count": 99,
         "app_crashes_count": 50, "engagement_score": Decimal("9.9"), "user_signup_date": date(2026, 1, 19)}
        for day in (21, 24)
        for user in ("u1", "new")
    ]  # fmt: skip
    titles = [{"day": day, "user": "u1", "content_id": f"c{day}", "plays_count": 1} for day in (15, 21)]

    without = _at_cutoff(build_features(gold("gold.user_daily", past), gold("gold.user_content_daily", titles[:1]), PLAN))
    with_future = _at_cutoff(build_features(gold("gold.user_daily", past + future), gold("gold.user_content_daily", titles), PLAN))

    assert with_future.keys() == {"u1", "u2"}  # `new` is not known at the cut-off
    for user, row in without.items():
        assert [row[name] for name in FEATURE_NAMES] == [with_future[user][name] for name in FEATURE_NAMES]
        assert row.rule_score == with_future[user].rule_score
    assert (without["u1"].churned, with_future["u1"].churned) == (True, False)  # the future is the label, and only that


@pytest.mark.parametrize(("back_on", "churned"), [(20, True), (21, False), (27, False), (28, True)])
def test_features__label_is_silence_in_the_horizon(gold, back_on, churned):
    days = gold("gold.user_daily", [{"day": 19, "user": "u1"}, {"day": back_on, "user": "u1"}])

    row = _at_cutoff(build_features(days, gold("gold.user_content_daily", []), PLAN))["u1"]

    assert row.churned is churned  # the cut-off day itself is past; day 27 is the seventh day after it


def test_features__only_paid_known_signed_in_users(gold):
    days = gold(
        "gold.user_daily",
        [
            {"day": 10, "user": "free"} | {"subscription_tier": "free"},
            {"day": 10, "user": "left the plan", "subscription_tier": "basic"},
            {"day": 12, "user": "left the plan", "subscription_tier": "free"},
            {"day": 10, "user": "joined", "subscription_tier": "free"},
            {"day": 12, "user": "joined", "subscription_tier": "basic"},
            {"day": 10, "user": "not told since", "subscription_tier": "enterprise"},
            {"day": 12, "user": "not told since", "subscription_tier": None},
            {"day": 10, "user": "never told", "subscription_tier": None},
            {"day": 10, "user": None, "viewer_id": "d1"},
        ],
    )

    found = _at_cutoff(build_features(days, gold("gold.user_content_daily", []), PLAN))

    assert {user: row.tier_rank for user, row in found.items()} == {"joined": 1, "not told since": 3}


def test_features__nothing_seen_is_unknown_not_zero(gold):
    days = gold("gold.user_daily", [{"day": 1, "user": "idle"}])

    row = _at_cutoff(build_features(days, gold("gold.user_content_daily", []), PLAN))["idle"]

    assert (row.days_since_last_active, row.active_days_14d, row.watched_min_14d, row.titles_14d) == (19, 0, 0, 0)
    assert [row.stall_ratio_14d, row.startup_mean_ms_14d, row.completion_ratio_14d, row.watch_trend] == [None] * 4
    assert row.tenure_days == 19  # no sign-up day: since first seen


def test_features__slices_and_unlabelled_score_day(gold):
    plan = CutoffPlan(training=(date(2026, 1, 14), date(2026, 1, 16)), held_out=date(2026, 1, 23), score=date(2026, 1, 30), horizon_days=7)
    users = [f"u{number}" for number in range(200)]
    days = gold("gold.user_daily", [{"day": 14, "user": user} for user in users])

    rows = build_features(days, gold("gold.user_content_daily", []), plan).collect()
    by_slice = {
        name: {(r.user_id, r.cutoff_date.day) for r in rows if r.slice == name} for name in ("train", "calibration", "held_out", "score")
    }

    assert len(rows) == 200 * 4
    assert {day for _, day in by_slice["train"] | by_slice["calibration"]} == {14, 16}
    assert {user for user, _ in by_slice["train"]}.isdisjoint({user for user, _ in by_slice["calibration"]})
    assert 20 <= len({user for user, _ in by_slice["calibration"]}) <= 60  # one in five
    assert by_slice["held_out"] == {(user, 23) for user in users}
    assert by_slice["score"] == {(user, 30) for user in users}
    assert all((row.churned is None) == (row.slice == "score") for row in rows)


@pytest.mark.parametrize(
    ("days", "score"),
    [
        ([{"day": 6}], 0.8),  # 14 days ago
        ([{"day": 7, "engagement_score": Decimal(9)}], 0.6),  # 13 days ago, though engaged
        ([{"day": 19, "engagement_score": Decimal("1.9")}], 0.7),
        ([{"day": day, "engagement_score": Decimal(2)} for day in (17, 18, 19)], 0.5),
        ([{"day": day, "engagement_score": Decimal(5), "watched_ms": 299_000} for day in (16, 17, 18, 19)], 0.4),
        ([{"day": day, "engagement_score": Decimal(5), "watched_ms": 300_000} for day in (16, 17, 18, 19)], 0.1),
    ],
)
def test_features__rule_baseline_first_match(gold, days, score):
    frame = build_features(gold("gold.user_daily", [{"user": "u1", **day} for day in days]), gold("gold.user_content_daily", []), PLAN)

    assert _at_cutoff(frame)["u1"].rule_score == score


SEVERAL = CutoffPlan(training=(date(2026, 1, 14), date(2026, 1, 16)), held_out=date(2026, 1, 23), score=date(2026, 1, 30), horizon_days=7)


def test_features__a_title_is_counted_once_for_each_cutoff_that_sees_it(gold):
    played = {"c1": (1, 2), "c2": (1, 10), "c3": (3, 16, 17), "c4": (15, 29), "c5": (30,), "c6": (29, 30)}
    titles = [{"day": day, "user": "u1", "content_id": title, "plays_count": 1} for title, days in played.items() for day in days]
    others = [{"day": 20, "user": "u2", "content_id": title, "plays_count": 1} for title in ("c1", "c9")]
    days = [{"day": 1, "user": user} for user in ("u1", "u2", "u3")]

    rows = build_features(gold("gold.user_daily", days), gold("gold.user_content_daily", titles + others), SEVERAL).collect()

    found = {(row.user_id, row.cutoff_date): row.titles_14d for row in rows}
    assert found == {
        ("u1", cutoff): sum(any(timedelta() <= cutoff - date(2026, 1, day) < timedelta(14) for day in seen) for seen in played.values())
        for cutoff in SEVERAL.all
    } | {(user, cutoff): 2 * (user == "u2" and cutoff.day >= 20) for user in ("u2", "u3") for cutoff in SEVERAL.all}
    assert [found["u1", cutoff] for cutoff in SEVERAL.all] == [3, 3, 3, 4]


def test_features__few_are_labelled_and_everyone_is_scored(gold, population):
    days = gold("gold.user_daily", population).localCheckpoint()
    titles = gold(
        "gold.user_content_daily",
        [{"day": r["day"], "user": r["user"], "content_id": f"c{r['day'] % 5}", "plays_count": 1} for r in population],
    ).localCheckpoint()
    limit = USER_BUCKETS // 4

    every = build_features(days, titles, SEVERAL).collect()
    few = build_features(days, titles, SEVERAL, labelled_buckets=limit).collect()

    assert sorted(few) == sorted(row for row in every if row.slice == "score" or row.user_bucket < limit)
    assert 0.1 < sum(row.slice != "score" for row in few) / sum(row.slice != "score" for row in every) < 0.4


def test_features__labelled_rows_are_counted_without_building_them(gold, population):
    changed = [
        {"day": 13, "user": "anonymous", "user_id": None},
        {"day": 13, "user": "joined", "subscription_tier": "free"},
        {"day": 15, "user": "joined", "subscription_tier": "basic"},
        {"day": 13, "user": "left the plan", "subscription_tier": "basic"},
        {"day": 15, "user": "left the plan", "subscription_tier": "free"},
        {"day": 29, "user": "came late"},
    ]
    days = gold("gold.user_daily", population + changed)
    labelled = build_features(days, gold("gold.user_content_daily", []), SEVERAL).filter("churned IS NOT NULL").count()

    assert count_labelled(days, SEVERAL).collect()[0].rows_count == labelled > 1000
    assert count_labelled(days, CutoffPlan(training=(), held_out=None, score=SEVERAL.score, horizon_days=7)).collect()[0].rows_count == 0
