"""A day's visits and the plays that are begun in them: when, on what, which title, and how the start goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from playhead.events.simulator import places as v
from playhead.events.simulator.audience import Audience
from playhead.events.simulator.catalogue import Catalogue
from playhead.events.simulator.population import DEVICES_PER_USER, Population

# DOMAIN section 5: seasonality by weekday (Monday first), local hour and month; holidays.
_WEEKDAYS = (0.90, 0.90, 0.92, 0.97, 1.12, 1.30, 1.22)
_MONTHS = (1.3, 1.1, 1.0, 0.9, 0.8, 0.7, 0.75, 0.8, 0.95, 1.05, 1.2, 1.4)
_HOURS = (0.8, 0.5, 0.4, 0.3, 0.3, 0.35, 0.5, 0.7, 0.8, 0.8, 0.85, 0.9, 1.0, 1.0, 0.95, 0.95, 1.0, 1.2, 1.5, 1.8, 2.0, 1.9, 1.6, 1.2)
_HOLIDAYS = {(1, 1), (7, 4), (12, 24), (12, 25), (12, 31)}
_HOLIDAY_FACTOR = 1.5
_SESSIONS_PER_DAY = 3.0
_MINUTES_PER_PLAY = 12.0
_MAX_PLAYS = 7
# Viewers on the free plan do not always sign in (on their first day, when activity is certain, they do).
_ANONYMOUS = 0.06
_MAX_SKEW_MS = 120_000
# Krishnan & Sitaraman (IMC 2012): abandonment begins at 2 s of startup and adds 5.8 % per further second.
PATIENCE_MS = 2000
_ABANDON_PER_S = 0.058
_STARTUP_FAILURE = 0.006


class Start(IntEnum):
    """How a play's start went."""

    STARTED = 0
    ABANDONED = 1
    FAILED = 2


@dataclass(frozen=True, slots=True)
class Visits:
    """Sessions of a day in columns. Times are milliseconds since the epoch, by a true clock; `skew_ms` is the client clock's error."""

    user: NDArray[np.int64]
    start_ms: NDArray[np.int64]
    skew_ms: NDArray[np.int64]
    cdn: NDArray[np.int64]
    device: NDArray[np.int64]
    signed_in: NDArray[np.bool_]
    plays_count: NDArray[np.int64]
    network: NDArray[np.float64]
    campaign: NDArray[np.int64]
    referrer: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Plays:
    """Plays of a day in columns, in the order of their sessions. `budget_ms` is how long the viewer means to watch."""

    session: NDArray[np.int64]
    title: NDArray[np.int64]
    duration_ms: NDArray[np.int64]
    budget_ms: NDArray[np.int64]
    network: NDArray[np.float64]
    start: NDArray[np.int64]
    startup_ms: NDArray[np.int64]
    rung: NDArray[np.int64]
    best_rung: NDArray[np.int64]
    tier: NDArray[np.int64]
    audio: NDArray[np.int64]


def season(today: date, anchor: date) -> float:
    """How much is watched on this day. Months count relative to the last one, so that a summer's simulation is as large as a winter's."""
    holiday = _HOLIDAY_FACTOR if (today.month, today.day) in _HOLIDAYS else 1.0
    return _WEEKDAYS[today.weekday()] * _MONTHS[today.month - 1] / _MONTHS[anchor.month - 1] * holiday


def day_start_ms(today: date) -> int:
    """Midnight UTC in milliseconds since the epoch."""
    return int(datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp() * 1000)


def draw_visits(
    population: Population,
    audience: Audience,
    activity: NDArray[np.float64],
    today: date,
    seasonal: float,
    clock_skew: float,
    random: np.random.Generator,
) -> Visits:
    """The day's sessions: Poisson(3) on a day the viewer comes, at the hours of the viewer's own place."""
    comes = random.random(population.count) < activity
    sessions = np.where(comes, np.maximum(1, random.poisson(_SESSIONS_PER_DAY * seasonal, population.count)), 0)
    user = np.repeat(np.arange(population.count), sessions)
    count = len(user)
    local_hour = random.choice(24, count, p=np.array(_HOURS) / sum(_HOURS))
    utc_hour = (local_hour - population.utc_hours[user]) % 24
    minutes = population.watch_ms[user] / 60_000 / np.maximum(sessions[user], 1)
    # A delivery network has a bad day now and then: everyone on it suffers.
    trouble = np.where(random.random(len(v.CDNS)) < 0.06, random.uniform(2.5, 5.0, len(v.CDNS)), 1.0)
    cdn = random.integers(0, len(v.CDNS), count)
    skewed = random.random(count) < clock_skew
    second_device = random.random(count) < 0.25
    return Visits(
        user=user,
        start_ms=day_start_ms(today) + utc_hour * 3_600_000 + random.integers(0, 3_600_000, count),
        skew_ms=np.where(skewed, random.integers(-_MAX_SKEW_MS, _MAX_SKEW_MS + 1, count), 0),
        cdn=cdn,
        device=user * DEVICES_PER_USER + second_device,
        signed_in=(audience.tier[user] > 0) | (random.random(count) >= _ANONYMOUS) | (activity[user] == 1.0),
        plays_count=np.minimum(1 + random.poisson(np.minimum(minutes / _MINUTES_PER_PLAY, 4.0)), _MAX_PLAYS),
        network=population.network[user] * random.lognormal(0, 0.35, count) * trouble[cdn],
        campaign=np.where(random.random(count) < 0.1, random.integers(0, len(v.CAMPAIGNS), count), -1),
        referrer=np.where(random.random(count) < 0.3, random.integers(0, len(v.REFERRERS), count), -1),
    )


def draw_plays(visits: Visits, population: Population, audience: Audience, catalogue: Catalogue, random: np.random.Generator) -> Plays:
    """What is begun in the sessions: titles by the viewer's taste and their popularity, startup by the network."""
    session = np.repeat(np.arange(len(visits.user)), visits.plays_count)
    user = visits.user[session]
    count = len(session)
    taste = population.genre_cdf[user]
    genre = np.minimum((random.random(count)[:, None] > taste).sum(axis=1), catalogue.genres_count - 1)
    title = catalogue.choose(genre, random.random(count))
    network = visits.network[session]
    kind = population.device_kind[visits.device[session]]
    factor = np.array([d.startup_factor for d in v.DEVICES])[kind]
    startup_ms = np.clip(random.lognormal(np.log(850), 0.5, count) * network**0.6 * factor, 80, 45_000).astype(np.int64)
    best_rung = np.array([d.best_rung for d in v.DEVICES])[kind]
    rung = np.clip(np.round(best_rung - 0.8 * np.log2(np.maximum(network, 0.5)) - 0.5), 0, best_rung).astype(np.int64)
    share = population.watch_ms[user] / np.maximum(np.bincount(visits.user, minlength=population.count)[user], 1)
    per_play = share / visits.plays_count[session] * random.exponential(1.6, count)
    start = _starts(startup_ms, network, random)
    return Plays(
        session=session,
        title=title,
        duration_ms=catalogue.duration_s[title] * 1000,
        budget_ms=np.clip(per_play, 20_000, 4 * 3_600_000).astype(np.int64),
        network=network,
        start=start,
        startup_ms=_ends_of_starts(start, startup_ms, random),
        rung=rung,
        best_rung=best_rung,
        tier=audience.tier[user],
        audio=random.integers(0, len(v.AUDIO_LANGUAGES), count),
    )


def _starts(startup_ms: NDArray[np.int64], network: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.int64]:
    count = len(startup_ms)
    leaves = random.random(count) < abandonment(startup_ms)
    fails = random.random(count) < np.minimum(_STARTUP_FAILURE * network, 0.2)
    return np.where(fails, Start.FAILED, np.where(leaves, Start.ABANDONED, Start.STARTED)).astype(np.int64)


def abandonment(startup_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probability that the viewer leaves before a start that takes this long."""
    return np.clip(_ABANDON_PER_S * (startup_ms - PATIENCE_MS) / 1000, 0.0, 1.0)


def _ends_of_starts(start: NDArray[np.int64], startup_ms: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Milliseconds from the request to the first frame, or to where the viewer left or the player gave up."""
    count = len(startup_ms)
    left_after = PATIENCE_MS + (random.random(count) * np.maximum(startup_ms - PATIENCE_MS, 0)).astype(np.int64)
    failed_after = random.integers(500, 15_000, count)
    return np.where(start == Start.ABANDONED, left_after, np.where(start == Start.FAILED, failed_after, startup_ms))
