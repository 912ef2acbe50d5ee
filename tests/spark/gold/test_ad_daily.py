"""gold.ad_daily: sums worked by hand."""

from __future__ import annotations

from decimal import Decimal

from playhead.gold.ad_daily import build_ad_daily


def test_ad_daily__each_kind_of_event_adds_to_its_own_measures(rows):
    campaign = {"ad_campaign_id": "spring"}
    built = build_ad_daily(
        rows(
            "silver.ad_events",
            {"at": "24 05:00", "ad_price": Decimal("0.010000"), "currency": "USD", **campaign},
            {"at": "24 05:01", "ad_price": Decimal("0.002500"), **campaign},  # no currency means dollars
            {"at": "24 05:02", "ad_price": Decimal(9), "currency": "EUR", **campaign},
            {"at": "24 05:03", **campaign},  # shown for nothing
            {"at": "24 05:04", "event_type": "ad_click", "ad_price": Decimal(7), **campaign},  # a click earns nothing
            {"at": "24 05:05", "event_type": "ad_skip", "view_ms": 4_000, **campaign},
            {"at": "24 05:06", "event_type": "ad_complete", "view_ms": 15_000, **campaign},
            {"at": "24 05:07", "event_type": "ad_error", "view_ms": 99, **campaign},
            {"at": "25 00:00", "event_type": "ad_complete", "view_ms": 15_000, **campaign},  # its impression was the day before
        )
    )

    today, tomorrow = sorted(built.collect(), key=lambda row: row.event_date)

    assert (today.ad_impressions_count, today.ad_clicks_count, today.ad_skips_count, today.ad_completes_count) == (4, 1, 1, 1)
    assert (today.ad_errors_count, today.ad_view_ms) == (1, 19_000)
    assert (today.ad_dollar_impressions_count, today.ad_revenue) == (3, Decimal("0.012500"))
    assert (tomorrow.ad_impressions_count, tomorrow.ad_completes_count, tomorrow.ad_revenue) == (0, 1, Decimal(0))


def test_ad_daily__how_far_ads_were_shown(rows):
    skipped = {"event_type": "ad_skip", "ad_duration_ms": 20_000}
    events = [{"at": "24 05:00", **skipped, "view_ms": view_ms} for view_ms in (4_999, 5_000, 9_999, 10_000, 15_000, None)]
    events += [
        {"at": "24 05:01", "event_type": "ad_complete", "ad_duration_ms": 20_000, "view_ms": None},
        {"at": "24 05:02", "event_type": "ad_impression", "ad_duration_ms": 20_000, "view_ms": 20_000},  # tells no end
    ]

    (row,) = build_ad_daily(rows("silver.ad_events", *events)).collect()

    assert (row.ad_first_quartiles_count, row.ad_midpoints_count, row.ad_third_quartiles_count) == (5, 3, 2)


def test_ad_daily__by_campaign_ad_type_and_ten_minutes_of_title(rows):
    built = build_ad_daily(
        rows(
            "silver.ad_events",
            {"at": "24 05:00"},
            {"at": "24 05:01", "ad_position_ms": 599_999},
            {"at": "24 05:02", "ad_position_ms": 600_000},
            {"at": "24 05:03", "ad_position_ms": 600_000, "ad_type": "mid_roll"},
            {"at": "24 05:04", "ad_id": "a2", "ad_campaign_id": "spring"},
        )
    )

    found = {(r.ad_campaign_id, r.ad_id, r.ad_type, r.ad_position_from_min): r.ad_impressions_count for r in built.collect()}

    assert found == {
        ("unknown", "a1", "pre_roll", 0): 2,  # up to 9:59.999
        ("unknown", "a1", "pre_roll", 10): 1,
        ("unknown", "a1", "mid_roll", 10): 1,
        ("spring", "a2", "pre_roll", 0): 1,
    }
