"""The simulated viewers: what stays the same about each of them during the whole simulation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from playhead.events.simulator import places as v
from playhead.events.simulator.options import SimulationOptions, Stream, generator
from playhead.events.simulator.tokens import members, numbered

# Share of viewers who sign up while the simulation runs; the others were there before.
_NEWCOMERS = 0.25
DEVICES_PER_USER = 2


@dataclass(frozen=True, slots=True)
class Population:
    """Viewers in columns; a viewer is an index, and owns devices 2 * index and 2 * index + 1."""

    tier: NDArray[np.int64]
    engagement: NDArray[np.float64]
    watch_ms: NDArray[np.int64]
    network: NDArray[np.float64]
    utc_hours: NDArray[np.int64]
    genre_cdf: NDArray[np.float64]
    first_day: NDArray[np.int64]
    signup: NDArray[np.int64]
    variant: NDArray[np.int64]
    device_kind: NDArray[np.int64]
    connection: NDArray[np.int64]
    ids: pa.Array
    device_ids: pa.Array
    user_members: pa.Array
    place: NDArray[np.int64]
    place_members: pa.Array
    device_members: pa.Array

    @property
    def count(self) -> int:
        """How many viewers there are."""
        return len(self.tier)


def build_population(options: SimulationOptions, genres_count: int, anchor: date) -> Population:
    """The viewers of a simulation whose last day is `anchor`."""
    random = generator(options, anchor, Stream.POPULATION)
    count = options.users
    place = random.choice(len(v.PLACES), count, p=_normal([p.share for p in v.PLACES]))
    kind = random.choice(len(v.DEVICES), (count, DEVICES_PER_USER), p=_normal([d.share for d in v.DEVICES])).reshape(-1)
    variant = random.integers(0, len(v.VARIANTS), count)
    newcomer = random.random(count) < _NEWCOMERS
    first_day = np.where(newcomer, random.integers(0, options.days, count), 0)
    begins = (anchor - timedelta(days=options.days - 1)).toordinal()
    signup = np.where(newcomer, begins + first_day, begins - random.integers(1, 720, count))
    ids = numbered("sim-user-", count)
    device_ids = numbered("sim-device-", count * DEVICES_PER_USER)
    return Population(
        tier=random.choice(len(v.TIERS), count, p=v.TIER_SHARES),
        engagement=random.beta(2, 5, count),
        watch_ms=(random.gamma(2, 0.5, count) * 3_600_000).astype(np.int64),
        network=random.lognormal(0, 0.7, count),
        utc_hours=np.array([p.hours for p in v.PLACES])[place],
        genre_cdf=np.cumsum(random.dirichlet(np.ones(genres_count), count), axis=1),
        first_day=first_day,
        signup=signup,
        variant=variant,
        device_kind=kind,
        connection=random.choice(len(v.CONNECTIONS), count, p=(0.6, 0.3, 0.1)),
        ids=ids,
        device_ids=device_ids,
        user_members=members({"user_id": user} for user in ids.to_pylist()),
        place=place,
        place_members=members(_place_member(i, v.PLACES[p], v.VARIANTS[variant[i]]) for i, p in enumerate(place)),
        device_members=members(_device_members(device_ids.to_pylist(), kind, random)),
    )


def _normal(weights: list[float]) -> NDArray[np.float64]:
    return np.array(weights) / sum(weights)


def _place_member(user: int, place: v.Place, variant: str) -> dict[str, Any]:
    # 203.0.113.0/24 and 2001:db8::/32 are reserved for documentation, so no synthetic address is anyone's.
    address = f"203.0.113.{user % 254 + 1}" if user % 4 else f"2001:db8::{user:x}"
    return {
        "ip_address": address,
        "country": place.country,
        "region": place.region,
        "ab_test_variant": variant,
    }


def _device_members(device_ids: list[str], kinds: NDArray[np.int64], random: np.random.Generator) -> list[dict[str, Any]]:
    platform_draws = random.random(len(kinds))
    versions = random.integers(0, len(v.APP_VERSIONS), len(kinds))
    rows: list[dict[str, Any]] = []
    for i, device_id in enumerate(device_ids):
        device = v.DEVICES[kinds[i]]
        platform, player, agent = device.platforms[int(platform_draws[i] * len(device.platforms))]
        rows.append(
            {
                "device_id": device_id,
                "device_type": device.device_type,
                "platform": platform,
                "user_agent": agent,
                "app_version": v.APP_VERSIONS[versions[i]],
                "player": player,
            }
        )
    return rows
