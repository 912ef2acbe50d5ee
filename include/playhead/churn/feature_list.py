"""The features of the churn model: name, the topic it belongs to, and whether the risk may only rise or fall with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Feature:
    """One input of the model. `direction` +1: more of it never lowers the risk; -1: never raises it; 0: the data decides."""

    name: str
    topic: str
    direction: Literal[-1, 0, 1] = 0


FEATURES: tuple[Feature, ...] = (
    Feature("days_since_last_active", "absence", 1),
    Feature("active_days_3d", "absence", -1),
    Feature("active_days_7d", "absence", -1),
    Feature("active_days_14d", "absence", -1),
    Feature("watched_min_7d", "watching"),
    Feature("watched_min_14d", "watching"),
    Feature("watch_trend", "trend"),
    Feature("sessions_14d", "watching"),
    Feature("titles_14d", "variety"),
    Feature("completion_ratio_14d", "completion"),
    Feature("stall_ratio_7d", "stalls", 1),
    Feature("stall_ratio_14d", "stalls", 1),
    Feature("startup_mean_ms_14d", "startup", 1),
    Feature("failure_ratio_14d", "failures", 1),
    Feature("app_crashes_14d", "crashes", 1),
    Feature("network_errors_14d", "network", 1),
    Feature("ads_per_hour_14d", "ads"),
    Feature("interactions_14d", "interactions"),
    Feature("engagement_mean_7d", "engagement"),
    Feature("engagement_mean_14d", "engagement"),
    Feature("engagement_trend", "trend"),
    Feature("tier_rank", "plan"),
    Feature("tenure_days", "tenure"),
)
FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)

# What an operator reads when a topic raised the risk: the feature whose value is shown, and the words around it.
TOPIC_WORDS: dict[str, tuple[str, str]] = {
    "absence": ("days_since_last_active", "last active {:.0f} days ago"),
    "watching": ("watched_min_14d", "watched {:.0f} min in 14 days"),
    "trend": ("watch_trend", "watch time changed by {:+.0%} of its two-week total"),
    "variety": ("titles_14d", "{:.0f} titles in 14 days"),
    "completion": ("completion_ratio_14d", "completed {:.0%} of plays"),
    "stalls": ("stall_ratio_14d", "stalled {:.1%} of the time"),
    "startup": ("startup_mean_ms_14d", "startup took {:.0f} ms on average"),
    "failures": ("failure_ratio_14d", "{:.0%} of plays failed"),
    "crashes": ("app_crashes_14d", "{:.0f} app crashes in 14 days"),
    "network": ("network_errors_14d", "{:.0f} network errors in 14 days"),
    "ads": ("ads_per_hour_14d", "{:.1f} ads per hour"),
    "interactions": ("interactions_14d", "{:.0f} interactions in 14 days"),
    "engagement": ("engagement_mean_14d", "engagement {:.1f} of 10"),
    "plan": ("tier_rank", "plan"),
    "tenure": ("tenure_days", "customer for {:.0f} days"),
}
