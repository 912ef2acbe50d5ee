"""gold.user_content_daily: which viewer touched which title on which day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.gold.sums import interaction_part, play_part, sum_parts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

KEY = ("event_date", "viewer_id", "content_id")


def build_user_content_daily(playbacks: DataFrame, interactions: DataFrame) -> DataFrame:
    """Plays and interactions of each viewer with each title, fine enough for true distincts over any window of days.

    Grain: one row per day, viewer and title played or interacted with; plays count on the day they start. A reader that wants viewers of
    a title keeps rows with plays.

    Args:
        playbacks: rows of silver.playbacks.
        interactions: rows of silver.interactions.
    """
    parts = [
        play_part(playbacks).only("plays_count", "completed_count", "watched_ms", "played_ms"),
        interaction_part(interactions).only("interactions_count"),
    ]
    return conform(sum_parts(parts, KEY), load_contract("gold.user_content_daily"))
