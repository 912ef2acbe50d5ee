"""What a fault is: what is done to the system, what it must do about it, and the guard that sees to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faults.scene import Scene


class NotSurvivedError(Exception):
    """The system did not do what it must do when the fault happens."""


class NotInjectedError(Exception):
    """The fault did not happen, or not at its point, so nothing is known about it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `run` makes it happen and lets the system recover by itself, or stop loudly; events are sent and landed around it.

    `guard` names the one of `faults.changes` without which the fault must not be survived, empty where nothing of ours guards.
    """

    name: str
    group: str
    what: str
    run: Callable[[Scene], None]
    guard: str = ""
    stops_loudly: bool = False  # nothing goes on after it until a person acts, so there is nothing to build and compare


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a fault: acknowledged events that were lost, and events that were doubled; what was wrong, empty where nothing was."""

    fault: str
    guard: str
    seconds: float
    lost: int = 0
    doubled: int = 0
    wrong: str = ""
    is_injected: bool = True

    @property
    def survived(self) -> bool:
        """The fault happened and nothing was wrong."""
        return self.is_injected and not self.wrong

    @property
    def is_red(self) -> bool:
        """The fault happened and something was wrong: what a control must show."""
        return self.is_injected and bool(self.wrong)
