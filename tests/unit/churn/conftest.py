"""A population with a planted hazard, straight as feature rows: what the model can learn is known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from playhead.churn.feature_list import FEATURE_NAMES


def population(users: int, seed: int, cutoff: date) -> pd.DataFrame:
    """Users whose logit of leaving is -2.5 + 0.25 x days absent + 30 x stall ratio - 0.3 x active days in 7; the rest is noise."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({name: rng.uniform(0, 1, users) for name in FEATURE_NAMES})
    rows["days_since_last_active"] = rng.integers(0, 10, users).astype(float)
    rows["active_days_7d"] = rng.integers(0, 8, users).astype(float)
    rows["stall_ratio_14d"] = rng.exponential(0.03, users)
    rows.loc[rng.uniform(size=users) < 0.05, "stall_ratio_14d"] = np.nan
    logit = -2.5 + 0.25 * rows["days_since_last_active"] + 30 * rows["stall_ratio_14d"].fillna(0) - 0.3 * rows["active_days_7d"]
    rows["churned"] = rng.uniform(size=users) < 1 / (1 + np.exp(-logit))
    # The rule sees only absence.
    rows["rule_score"] = np.where(rows["days_since_last_active"] >= 7, 0.6, 0.1)
    rows["user_id"] = [f"u{number:05d}" for number in range(users)]
    rows["cutoff_date"] = cutoff
    return rows


@pytest.fixture(scope="session")
def slices() -> dict[str, pd.DataFrame]:
    first = date(2026, 1, 14)
    return {
        "train": population(3000, 1, first),
        "calibration": population(1500, 2, first),
        "held_out": population(3000, 3, first + timedelta(days=14)),
    }
