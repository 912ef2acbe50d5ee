"""What is told of the churn risk of one user as of now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class ChurnNow:
    """The probability that a paid user is not active in the `horizon_days` after the cut-off, and what raised it most.

    As in gold.churn_scores. `cutoff_date` is the last day that it knows of, `known_until` the end of the last published hour of plays.
    """

    user_id: str
    cutoff_date: date
    known_until: datetime
    churn_probability: float
    churn_risk_category: str
    top_reasons: str
    days_since_last_active: float
    horizon_days: int
    model_version: str
