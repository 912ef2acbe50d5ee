"""How viewers' motivation moves from day to day, and who leaves for good: the truth that a churn model can learn.

Motivation is a latent number per viewer: it starts from engagement, drifts slowly, and falls where quality was bad. It decides how often a
viewer comes and the hazard of leaving at the end of the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from playhead.events.simulator.places import TIERS
from playhead.events.simulator.population import Population

# exp(-5) is a hazard of 0.7 % a day at mean motivation; with this spread 1-2 % of the paid viewers leave each day, so that 5-15 % of
# those active within a week are gone at a cut-off.
_LOG_HAZARD = -5.0
_HAZARD_SLOPE = 1.35
_HAZARD_LIMIT = 0.5
_DRIFT = 0.25
_MEMORY = 0.85
_TIER_CHANGES = 0.0015

TRUTH_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("day", pa.date32()),
        ("subscription_tier", pa.string()),
        ("activity_probability", pa.float64()),
        ("sessions", pa.int64()),
        ("hazard", pa.float64()),
        ("left", pa.bool_()),
    ]
)


@dataclass(slots=True)
class Audience:
    """Who is still there and how they feel, on the day that is simulated."""

    present: NDArray[np.bool_]
    left: NDArray[np.bool_]
    tier: NDArray[np.int64]
    tier_changed: NDArray[np.int64]
    frustration: NDArray[np.float64]
    mood: NDArray[np.float64]


def first_audience(population: Population, random: np.random.Generator) -> Audience:
    """The audience before the first day."""
    return Audience(
        present=np.zeros(population.count, bool),
        left=np.zeros(population.count, bool),
        tier=population.tier.copy(),
        tier_changed=np.full(population.count, -1, np.int64),
        frustration=0.4 * population.network,
        mood=random.normal(0, 0.5, population.count),
    )


def begin_day(audience: Audience, population: Population, day: int, today: date, random: np.random.Generator) -> None:
    """Newcomers of the day arrive, and a few viewers change plan."""
    audience.present = (population.first_day <= day) & ~audience.left
    changes = audience.present & (random.random(population.count) < _TIER_CHANGES)
    step = np.where(random.random(population.count) < 0.6, 1, -1)
    changed_tier = np.clip(audience.tier + step, 0, len(TIERS) - 2)
    changes &= changed_tier != audience.tier
    audience.tier = np.where(changes, changed_tier, audience.tier)
    audience.tier_changed = np.where(changes, today.toordinal(), audience.tier_changed)


def motivation(audience: Audience, population: Population) -> NDArray[np.float64]:
    """About 0 on average, with a spread of about 1."""
    centred_engagement = (population.engagement - 2 / 7) / 0.16
    return 0.7 * centred_engagement + audience.mood - 0.9 * (audience.frustration - 0.55)


def activity_probability(audience: Audience, population: Population, day: int) -> NDArray[np.float64]:
    """Probability that a viewer comes at all on this day; newcomers always come on their first."""
    probability = 1 / (1 + np.exp(-(1.5 + 0.9 * motivation(audience, population))))
    probability = np.where(population.first_day == day, 1.0, np.clip(probability, 0.08, 0.98))
    return np.where(audience.present, probability, 0.0)


def end_day(audience: Audience, population: Population, badness: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Takes in the day's quality (`badness`, NaN where a viewer did not watch), and lets viewers leave; returns the hazards."""
    watched = ~np.isnan(badness)
    felt = np.where(watched, np.minimum(np.nan_to_num(badness), 6.0), 0.0)
    audience.frustration = np.where(watched, 0.75 * audience.frustration + 0.25 * felt, audience.frustration)
    audience.mood = _MEMORY * audience.mood + _DRIFT * random.normal(0, 1, population.count)
    hazard = np.minimum(np.exp(_LOG_HAZARD - _HAZARD_SLOPE * motivation(audience, population)), _HAZARD_LIMIT)
    hazard = np.where(audience.present, hazard, 0.0)
    audience.left |= random.random(population.count) < hazard
    return hazard


def truth_rows(
    audience: Audience,
    population: Population,
    today: date,
    activity: NDArray[np.float64],
    sessions: NDArray[np.int64],
    hazard: NDArray[np.float64],
) -> pa.Table:
    """The truth of one day, one row per viewer present on it."""
    here = np.flatnonzero(audience.present)
    columns = [
        population.ids.take(pa.array(here)),
        pa.repeat(pa.scalar(today, pa.date32()), len(here)),
        pa.array(TIERS).take(pa.array(audience.tier[here])),
        pa.array(activity[here]),
        pa.array(sessions[here]),
        pa.array(hazard[here]),
        pa.array(audience.left[here]),
    ]
    return pa.Table.from_arrays(columns, schema=TRUTH_SCHEMA)
