"""Which builder makes which table, from what, and in which phase: the one place that says so.

A table's builder is found by its one name: `silver.playbacks` is made by `playhead.silver.playbacks.build_playbacks`, called with its
inputs in the order given here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from playhead.errors import BuildError

Phase = Literal["silver_events", "silver_plays", "gold", "audience"]
PHASES: tuple[Phase, ...] = ("silver_events", "silver_plays", "gold", "audience")
HOURLY_GOLD = ("gold.qoe_hourly",)
PLAY_HOURS = 24  # a play or session lasts at most this long (DESIGN, times and identity)
MONTH_DAYS = 30  # the widest window of gold.audience_daily, and of gold.experiments_daily
EVER = None


@dataclass(frozen=True, slots=True)
class TableBuild:
    """How one table is made. `reach` is how many steps of its grain before and after a partition its inputs are read; with EVER before
    it, all that there is.
    """

    name: str
    phase: Phase
    inputs: tuple[str, ...]
    reach: tuple[int | None, int] = (0, 0)

    @property
    def builder(self) -> Callable[..., Any]:
        """The pure function that makes it."""
        layer, _, table = self.name.partition(".")
        builder: Callable[..., Any] = getattr(import_module(f"playhead.{layer}.{table}"), f"build_{table}")
        return builder


_EVENTS = ("bronze.events", "ops.id_conflicts")
_PLAY_REACH = (PLAY_HOURS, PLAY_HOURS)
BUILDS: dict[str, TableBuild] = {
    build.name: build
    for build in (
        TableBuild("silver.video_events", "silver_events", _EVENTS),
        TableBuild("silver.interactions", "silver_events", _EVENTS),
        TableBuild("silver.ad_events", "silver_events", _EVENTS),
        TableBuild("silver.session_events", "silver_events", _EVENTS),
        TableBuild("silver.playbacks", "silver_plays", ("silver.video_events",), _PLAY_REACH),
        TableBuild("silver.sessions", "silver_plays", ("silver.session_events", "silver.video_events"), _PLAY_REACH),
        TableBuild("gold.qoe_hourly", "gold", ("silver.playbacks",)),
        TableBuild("gold.qoe_breakdown_daily", "gold", ("silver.playbacks",)),
        TableBuild("gold.content_daily", "gold", ("silver.playbacks", "silver.interactions", "silver.ad_events")),
        TableBuild(
            "gold.user_daily",
            "gold",
            ("silver.playbacks", "silver.sessions", "silver.session_events", "silver.interactions", "silver.ad_events"),
        ),
        TableBuild("gold.user_content_daily", "gold", ("silver.playbacks", "silver.interactions")),
        TableBuild("gold.user_context_daily", "gold", ("silver.playbacks", "silver.sessions", "silver.ad_events")),
        TableBuild("gold.user_ad_daily", "gold", ("silver.ad_events",)),
        TableBuild("gold.ad_daily", "gold", ("silver.ad_events",)),
        TableBuild("gold.audience_daily", "audience", ("gold.user_daily",), (MONTH_DAYS - 1, 0)),
        TableBuild("gold.audience_sketches", "audience", ("gold.user_daily",), (MONTH_DAYS - 1, 0)),
        TableBuild("gold.experiments_daily", "audience", ("gold.user_daily", "silver.sessions"), (MONTH_DAYS - 1, 0)),
        TableBuild("gold.subscriptions_daily", "audience", ("gold.user_daily",), (EVER, 0)),
    )
}
# What models make, by the DAG that does: a day at a time, by jobs of their own.
MODELLED = {"gold.churn_scores": "retrain_churn", "gold.recommendations": "recommend_titles"}
DAILY_GOLD = tuple(name for name in BUILDS if name.startswith("gold."))


def tables_of(phase: str, gold_tables: tuple[str, ...] = DAILY_GOLD) -> list[TableBuild]:
    """The tables that a phase builds; of gold only those asked for."""
    if phase not in PHASES:
        raise BuildError(f"no phase {phase!r}; the phases are {', '.join(PHASES)}")
    return [b for b in BUILDS.values() if b.phase == phase and (not b.name.startswith("gold.") or b.name in gold_tables)]
