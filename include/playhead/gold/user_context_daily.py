"""gold.user_context_daily: where, and on what, each viewer was active on which day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.gold.sums import UNKNOWN, ad_part, play_part, session_part, sum_parts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

KEY = ("event_date", "viewer_id", "platform", "device_type", "country", "region")
_PLACE = ("country", "region")


def build_user_context_daily(playbacks: DataFrame, sessions: DataFrame, ad_events: DataFrame) -> DataFrame:
    """Visits, plays and ad revenue of each viewer by device and place, fine enough for true distincts over any window of days.

    Grain: one row per day, viewer, platform, kind of device, country and region with at least one play, visit or ad event; a country or
    region that it does not tell is 'unknown'. Each counts by its own device and place, plays and visits on the day they start: a viewer
    with two devices has two rows. Interactions tell no region and make no row.

    Args:
        playbacks: rows of silver.playbacks.
        sessions: rows of silver.sessions.
        ad_events: rows of silver.ad_events.
    """
    parts = [
        play_part(_placed(playbacks)).only("plays_count", "started_count", "failed_count", "completed_count", "watched_ms"),
        session_part(_placed(sessions)).only("sessions_count"),
        ad_part(_placed(ad_events)).only("ad_revenue"),
    ]
    return conform(sum_parts(parts, KEY), load_contract("gold.user_context_daily"))


def _placed(rows: DataFrame) -> DataFrame:
    return rows.withColumns({name: F.coalesce(F.col(name), F.lit(UNKNOWN)) for name in _PLACE})
