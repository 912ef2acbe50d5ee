"""gold.qoe_hourly: quality of experience by hour and the dimensions that explain it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.gold.sums import UNKNOWN, Part, count_of, play_part, sum_parts

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

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
    part = quality_part(told)
    return conform(sum_parts([part], ("event_date", "event_hour", *DIMENSIONS)), load_contract("gold.qoe_hourly"))


def quality_part(playbacks: DataFrame) -> Part:
    """What one play adds to quality of experience."""
    histogram = {f"startup_le_{edge}ms_count": count_of(F.col("startup_ms") <= edge) for edge in STARTUP_EDGES_MS}
    ended = {"ended_after_start_count": count_of(F.col("is_started") & F.col("is_ended"))}
    return Part(playbacks, play_part(playbacks).measures | histogram | ended | _scores())


def _scores() -> dict[str, Column]:
    """Mux's scores of one play; NULL where it has none: no startup time, left before the first frame in less than a second, never started.

    Each is rounded once to four decimals, so that sums do not depend on the order of plays.
    """
    startup = F.lit(800_000).cast("decimal(10,0)") / (F.col("startup_ms") + 8_000).cast("decimal(20,0)")
    is_unintended = F.col("is_exit_before_start") & (F.col("watched_ms") < 1_000)
    points = F.when(F.col("is_failed"), 0).when(F.col("is_exit_before_start"), 50).otherwise(100)
    half_the_stalls = F.col("stall_count").cast("double") / 2
    stalled = F.coalesce(F.try_divide("stall_ms", "watched_ms"), F.lit(0.0))
    smoothness = 50 / F.sqrt(1 + half_the_stalls * half_the_stalls) + 50 * F.exp(-10 * stalled)
    return {
        "smoothness_score": F.when(F.col("is_started"), F.round(smoothness, 4)).cast("decimal(18,4)"),
        "startup_score": F.round(startup, 4).cast("decimal(18,4)"),
        "success_score": F.when(~is_unintended, points).cast("bigint"),
        "success_scored_count": count_of(~is_unintended),
    }
