"""What a simulation is told: its dials, and how every random stream follows from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import IntEnum
from typing import Any

import numpy as np

from playhead.errors import SettingsError

DAY_MS = 86_400_000


class Stream(IntEnum):
    """The independent random streams, so that turning one dial leaves everything else as it was."""

    CATALOGUE = 1
    POPULATION = 2
    AUDIENCE = 3
    VISITS = 4
    PLAYING = 5
    FAMILIES = 6
    TRANSPORT = 7
    FAULTS = 8


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """Everything that decides the bytes of a simulation, besides its anchor day. Rates are shares of the valid events."""

    users: int = 2000
    titles: int = 300
    days: int = 35
    seed: int = 42
    duplicates: float = 0.01
    bad: float = 0.01
    late: float = 0.001
    disorder: float = 0.02
    clock_skew: float = 0.01

    def __post_init__(self) -> None:
        for name in ("users", "titles", "days"):
            if getattr(self, name) < 1:
                raise SettingsError(f"--{name} is {getattr(self, name)}; it must be at least 1")
        if self.seed < 0:
            raise SettingsError(f"--seed is {self.seed}; it must not be negative")
        for name in ("duplicates", "bad", "late", "disorder", "clock_skew"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"--{name.replace('_', '-')} is {getattr(self, name)}; it is a rate between 0 and 1")

    @property
    def producer_id(self) -> str:
        """Under which the simulator keeps its ledger; says that the events are synthetic."""
        return f"simulator-{self.seed}"

    def as_dict(self) -> dict[str, Any]:
        """The dials by name, as simulation.json keeps them."""
        return asdict(self)

    def differences(self, kept: dict[str, Any]) -> list[str]:
        """Dials that differ from the kept ones, as `name kept -> asked`."""
        names = [field.name for field in fields(self)]
        return [f"{name} {kept.get(name)} -> {getattr(self, name)}" for name in names if kept.get(name) != getattr(self, name)]


def generator(options: SimulationOptions, anchor: date, stream: Stream, day: int = 0) -> np.random.Generator:
    """The random stream of one concern on one day. The anchor takes part, so that two anchors never share an event id."""
    return np.random.default_rng([options.seed, anchor.toordinal(), int(stream), day])
