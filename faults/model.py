"""What a fault is: what is done to the system, what it must do about it, and the guard that sees to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from faults.scene import Scene

# Acknowledged events are missing; events are there twice; something else than without the fault is published; nobody was told; a program
# does not go on though all that stood in its way is mended.
Damage = Literal["lost", "doubled", "altered", "silent", "stopped"]
HEARD_WITHIN_S = 60


class NotSurvivedError(Exception):
    """The system did not do what it must do when the fault happens.

    `lost` are acknowledged commits that are gone, `doubled` what was published twice.
    """

    def __init__(self, wrong: str, *, lost: int = 0, doubled: int = 0) -> None:
        super().__init__(wrong)
        self.lost = lost
        self.doubled = doubled


class SilentError(NotSurvivedError):
    """The system went on as if nothing had happened."""


class StoppedError(NotSurvivedError):
    """A program that must run failed."""


class NotInjectedError(Exception):
    """The fault did not happen, or not at its point, so nothing is known about it."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What keeps a fault from doing harm: the one of `faults.changes` that takes it away, and the damage that must be seen then."""

    name: str
    damage: Damage


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `run` makes it happen and lets the system recover by itself, or stop loudly; events are sent and landed around it.

    `guard` is None where nothing of ours guards. `alarms` are the alerts that may tell of it, of which one must; there are none where what
    happens is nothing that anybody has to know.
    """

    name: str
    group: str
    what: str
    run: Callable[[Scene], None]
    alarms: tuple[str, ...]
    guard: Guard | None = None
    has_landed: bool = False  # all loads have landed when it begins, not only the first one
    ends_here: bool = False  # there is nothing to build and compare: only a person can go on, or no event was landed

    @property
    def hurts_airflow(self) -> bool:
        """It needs Airflow, which all that do share."""
        return self.group == "Airflow"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a fault, or of its control, which ran without `guard` and must show `damage`.

    Acknowledged events that were lost, and events that were doubled; what was wrong, empty where nothing was. `alarm` told of it first,
    `alarm_s` after the harm was done; `is_awaited` where one must.
    """

    fault: str
    guard: str
    seconds: float
    lost: int = 0
    doubled: int = 0
    wrong: str = ""
    damage: str = ""
    is_injected: bool = True
    is_silent: bool = False
    is_stopped: bool = False
    is_altered: bool = False
    is_awaited: bool = False
    alarm: str = ""
    alarm_s: float | None = None

    @property
    def is_heard(self) -> bool:
        """An alarm has told of it in time."""
        return self.alarm_s is not None and self.alarm_s <= HEARD_WITHIN_S

    @property
    def survived(self) -> bool:
        """The fault happened and nothing was wrong."""
        return self.is_injected and not self.wrong

    @property
    def is_red(self) -> bool:
        """The fault happened and did the damage that a control must show."""
        seen = {"lost": self.lost > 0, "doubled": self.doubled > 0, "altered": self.is_altered}
        return self.is_injected and {**seen, "silent": self.is_silent, "stopped": self.is_stopped}[self.damage]
