"""A population with a planted hazard."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest


def planted_days(users: int, days: int, seed: int) -> list[dict[str, Any]]:
    """Days of a population in which bad streaming drives people away for good.

    Each user has a stall ratio of its own. Whoever is active leaves that evening with probability 0.01 + 0.6 x stall ratio, and until
    then is active on 3 days of 4. Absence therefore tells of departures that are past, and stalls of those to come; the rule knows no
    stalls.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for number in range(users):
        stall_ratio = float(rng.choice([0.0, 0.3], p=[0.75, 0.25]) * rng.uniform(0.5, 1.0))
        for day in range(1, days + 1):
            if rng.uniform() > 0.75:
                continue
            watched_ms = int(rng.integers(10, 90)) * 60_000
            rows.append(
                {
                    "day": day, "user": f"u{number:04d}", "subscription_tier": "free" if number % 10 == 0 else "basic",
                    "is_paid": number % 10 != 0, "watched_ms": watched_ms, "stall_ms": int(watched_ms * stall_ratio),
                    "plays_count": 3, "completed_count": 1, "sessions_count": 2, "startup_ms": 900, "startup_ms_count": 1,
                    "engagement_score": Decimal("5.5"),
                }
            )  # fmt: skip
            if rng.uniform() < 0.01 + 0.6 * stall_ratio:
                break
    return rows


@pytest.fixture(scope="session")
def population() -> list[dict[str, Any]]:
    return planted_days(users=900, days=35, seed=11)
