"""silver.ad_events: impressions, clicks, skips, completions and errors of ads, each once; prices stay decimals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playhead.silver.arrivals import build_events
from playhead.silver.units import thousandths

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def build_ad_events(events: DataFrame, id_conflicts: DataFrame) -> DataFrame:
    """Ad events of the given bronze rows; grain, late data and reruns as in `arrivals.build_events`."""
    return build_events(
        events,
        id_conflicts,
        family="ad",
        table="silver.ad_events",
        derived={
            "ad_duration_ms": thousandths("ad_duration"),
            "ad_position_ms": thousandths("ad_position"),
            "view_ms": thousandths("view_duration"),
            "skip_position_ms": thousandths("skip_position"),
            "click_position_ms": thousandths("click_position"),
        },
    )
