"""gold.ad_daily: what each ad did on each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.gold.sums import UNKNOWN, Part, ad_part, count_of, in_dollars, sum_parts

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

POSITION_STEP_MIN = 10
# How much of an ad was shown, in percent, by the names of VAST.
_QUARTILES = {"ad_first_quartiles_count": 25, "ad_midpoints_count": 50, "ad_third_quartiles_count": 75}
_COUNTED = {
    "ad_skips_count": "ad_skip",
    "ad_completes_count": "ad_complete",
    "ad_errors_count": "ad_error",
}


def build_ad_daily(ad_events: DataFrame) -> DataFrame:
    """Impressions, what viewers did about them, and what they earned, for views to divide.

    Grain: one row per day, campaign, ad, type and ten minutes of title that the ad stood in; a campaign that an event does not tell is
    'unknown'. Each event counts on its own day, so that a click after midnight counts on the day after its impression. Only a skip and a
    completion tell how long an ad was seen, and so how far: to a quartile came what was completed, and what was skipped behind it.

    Args:
        ad_events: rows of silver.ad_events.
    """
    placed = ad_events.withColumns(
        {
            "ad_campaign_id": F.coalesce("ad_campaign_id", F.lit(UNKNOWN)),
            "ad_position_from_min": F.floor(F.col("ad_position_ms") / (POSITION_STEP_MIN * 60_000)) * POSITION_STEP_MIN,
        }
    )
    contract = load_contract("gold.ad_daily")
    return conform(sum_parts([shown_part(placed)], contract.key), contract)


def shown_part(ad_events: DataFrame) -> Part:
    """What one ad event adds to what ads did."""
    counts = {name: count_of(F.col("event_type") == event_type) for name, event_type in _COUNTED.items()}
    counts |= {name: count_of(_came_to(share)) for name, share in _QUARTILES.items()}
    told = {
        "ad_view_ms": F.when(F.col("event_type").isin("ad_skip", "ad_complete"), F.col("view_ms")),
        "ad_dollar_impressions_count": count_of((F.col("event_type") == "ad_impression") & in_dollars()),
    }
    return Part(ad_events, ad_part(ad_events).measures | counts | told)


def _came_to(share: int) -> Column:
    """The event tells that an ad was shown to this share of its duration, in whole numbers."""
    is_late_skip = (F.col("event_type") == "ad_skip") & (F.col("view_ms") * 100 >= F.col("ad_duration_ms") * share)
    return (F.col("event_type") == "ad_complete") | is_late_skip
