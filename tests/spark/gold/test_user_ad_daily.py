"""gold.user_ad_daily: sums worked by hand."""

from __future__ import annotations

from decimal import Decimal

from playhead.gold.user_ad_daily import build_user_ad_daily


def test_user_ad_daily__by_viewer_and_what_the_ad_is(rows):
    spring = {"ad_campaign_id": "spring", "advertiser_id": "acme", "ad_creative_id": "dog"}
    built = build_user_ad_daily(
        rows(
            "silver.ad_events",
            {"at": "24 05:00", "viewer_id": "ann", "ad_price": Decimal("0.25"), **spring},
            {"at": "24 06:00", "viewer_id": "ann", "ad_price": Decimal("0.50"), **spring},
            {"at": "24 06:01", "viewer_id": "ann", "event_type": "ad_complete", "view_ms": 15_000, **spring},
            {"at": "24 07:00", "viewer_id": "ann", **spring, "ad_creative_id": "cat"},
            {"at": "24 07:00", "viewer_id": "bob", "event_type": "ad_click"},  # tells neither campaign, advertiser nor creative
            {"at": "25 00:00", "viewer_id": "ann", **spring},
        )
    )

    found = {(r.event_date.day, r.viewer_id, r.advertiser_id, r.ad_campaign_id, r.ad_id, r.ad_creative_id): r for r in built.collect()}

    dog = found.pop((24, "ann", "acme", "spring", "a1", "dog"))
    assert (dog.ad_impressions_count, dog.ad_completes_count, dog.ad_midpoints_count, dog.ad_view_ms) == (2, 1, 1, 15_000)
    assert dog.ad_revenue == Decimal("0.75")
    assert {key: (row.ad_impressions_count, row.ad_clicks_count) for key, row in found.items()} == {
        (24, "ann", "acme", "spring", "a1", "cat"): (1, 0),
        (24, "bob", "unknown", "unknown", "a1", "unknown"): (0, 1),
        (25, "ann", "acme", "spring", "a1", "dog"): (1, 0),
    }
