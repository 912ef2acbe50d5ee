"""gold.user_ad_daily: which viewer was shown which ad on which day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.gold.ad_daily import shown_part
from playhead.gold.sums import UNKNOWN, sum_parts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_SOMETIMES_TOLD = ("advertiser_id", "ad_campaign_id", "ad_creative_id")


def build_user_ad_daily(ad_events: DataFrame) -> DataFrame:
    """What each ad did to each viewer, fine enough for true distincts over any window of days.

    Grain: one row per day, viewer, advertiser, campaign, ad and creative; what an event does not tell is 'unknown'. Each event counts on
    its own day.

    Args:
        ad_events: rows of silver.ad_events.
    """
    told = ad_events.withColumns({name: F.coalesce(F.col(name), F.lit(UNKNOWN)) for name in _SOMETIMES_TOLD})
    contract = load_contract("gold.user_ad_daily")
    return conform(sum_parts([shown_part(told)], contract.key), contract)
