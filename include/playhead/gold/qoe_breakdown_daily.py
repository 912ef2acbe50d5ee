"""gold.qoe_breakdown_daily: quality of experience by day, for each value of each thing that plays are told apart by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.gold.qoe_hourly import quality_part
from playhead.gold.sums import UNKNOWN, Part, sum_parts

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

BREAKDOWNS = (
    "platform", "device_type", "cdn", "country", "region", "player", "app_version", "connection_type", "content_type", "content_genre",
    "content_id", "ab_test_variant",
)  # fmt: skip
_MOVES = ("seek_count", "pause_count", "quality_changes_count", "upshifts_count", "downshifts_count")


def build_qoe_breakdown_daily(playbacks: DataFrame) -> DataFrame:
    """Sums and counts of plays by the day they started on, once for each breakdown, for views to divide.

    Grain: one row per day, breakdown and value; what a play does not tell is 'unknown'. A play stands once in each breakdown, so that the
    sums of a breakdown are those of all plays, and those of two breakdowns must not be added up. A region is told behind its country,
    for its name alone may be in several.

    Args:
        playbacks: rows of silver.playbacks.
    """
    values = (F.struct(F.lit(name).alias("breakdown"), _value(name).alias("breakdown_value")) for name in BREAKDOWNS)
    told = playbacks.withColumn("told", F.explode(F.array(*values))).withColumns(
        {"breakdown": F.col("told.breakdown"), "breakdown_value": F.col("told.breakdown_value")}
    )
    part = Part(told, quality_part(told).measures | {name: F.col(name) for name in _MOVES})
    contract = load_contract("gold.qoe_breakdown_daily")
    return conform(sum_parts([part], contract.key), contract)


def _value(name: str) -> Column:
    value = F.coalesce(F.col(name), F.lit(UNKNOWN))
    return F.concat(_value("country"), F.lit(", "), value) if name == "region" else value
