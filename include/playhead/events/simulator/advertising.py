"""Ads: which one is shown, how long it is seen, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from playhead.events.simulator.tokens import members

ADS_COUNT = 40
_ERROR, _SKIP, _CLICK = 0.01, 0.15, 0.02


class AdEnd(IntEnum):
    """How an ad ended."""

    COMPLETED = 0
    SKIPPED = 1
    FAILED = 2


@dataclass(frozen=True, slots=True)
class AdInventory:
    """The ads on sale, in columns; `members` is each one's ready JSON."""

    duration_ms: NDArray[np.int64]
    price_micros: NDArray[np.int64]
    members: pa.Array


@dataclass(frozen=True, slots=True)
class AdViews:
    """Showings of ads in columns."""

    ad: NDArray[np.int64]
    end: NDArray[np.int64]
    view_ms: NDArray[np.int64]
    click_ms: NDArray[np.int64]  # -1 where not clicked


def build_inventory() -> AdInventory:
    """Forty ads of ten campaigns and five advertisers, at prices from 2 to 25 USD per thousand."""
    numbers = np.arange(ADS_COUNT)
    duration_s = np.array([6, 15, 20, 30])[numbers % 4]
    rows = (
        {
            "ad_id": f"sim-ad-{i:03d}",
            "ad_duration": int(duration_s[i]),
            "ad_creative_id": f"sim-creative-{i:03d}",
            "ad_campaign_id": f"sim-ad-campaign-{i % 10:02d}",
            "advertiser_id": f"sim-advertiser-{i % 5}",
        }
        for i in numbers.tolist()
    )
    return AdInventory(duration_s * 1000, 2000 + numbers * 577 % 23_000, members(rows))


def draw_ad_views(inventory: AdInventory, count: int, random: np.random.Generator) -> AdViews:
    """`count` showings: 15 % are skipped, 2 % are clicked, 1 % fail to load."""
    ad = random.integers(0, ADS_COUNT, count)
    draw = random.random(count)
    end = np.where(draw < _ERROR, AdEnd.FAILED, np.where(draw < _ERROR + _SKIP, AdEnd.SKIPPED, AdEnd.COMPLETED)).astype(np.int64)
    duration = inventory.duration_ms[ad]
    skipped_at = (duration * random.uniform(0.1, 0.9, count)).astype(np.int64)
    view = np.where(end == AdEnd.FAILED, 0, np.where(end == AdEnd.SKIPPED, skipped_at, duration))
    clicked = (random.random(count) < _CLICK) & (end != AdEnd.FAILED)
    click = np.where(clicked, (view * random.uniform(0.2, 0.95, count)).astype(np.int64), -1)
    return AdViews(ad, end, view, click)
