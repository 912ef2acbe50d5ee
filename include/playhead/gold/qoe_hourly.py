"""gold.qoe_hourly: quality of experience by hour and the dimensions that explain it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.gold.sums import UNKNOWN, Part, count_of, play_part, sum_parts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DIMENSIONS = ("platform", "device_type", "cdn", "country", "player", "app_version")
# Upper edges of the startup histogram; each bin counts all plays up to its edge, so that any quantile follows from sums of bins.
STARTUP_EDGES_MS = (500, 1000, 2000, 4000, 8000, 16000)


def build_qoe_hourly(playbacks: DataFrame) -> DataFrame:
    """Sums and counts of plays by the hour they started in, for views to divide.

    Grain: one row per hour, platform, device type, CDN, country, player and app version; a dimension that a play does not tell is
    'unknown'. A play belongs to the hour of its start, also when it runs into the next. Late plays change only their own hour, which is
    rebuilt whole.

    Args:
        playbacks: rows of silver.playbacks.
    """
    told = playbacks.withColumns({name: F.coalesce(F.col(name), F.lit(UNKNOWN)) for name in DIMENSIONS})
    histogram = {f"startup_le_{edge}ms_count": count_of(F.col("startup_ms") <= edge) for edge in STARTUP_EDGES_MS}
    ended = {"ended_after_start_count": count_of(F.col("is_started") & F.col("is_ended"))}
    part = Part(told, play_part(told).measures | histogram | ended)
    return conform(sum_parts([part], ("event_date", "event_hour", *DIMENSIONS)), load_contract("gold.qoe_hourly"))
