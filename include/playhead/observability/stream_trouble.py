"""Whether the streaming app needs a new start: it is silent, never gets ready, stays down, or beats and lands nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from playhead.errors import BrokerError
from playhead.observability.heartbeat import STALE_AFTER, Heartbeat, read_heartbeat

Kind = Literal["silent", "starting", "down", "stuck"]
READY_WITHIN = timedelta(minutes=3)  # an app that starts under load takes more than a minute
DOWN_FOR = timedelta(minutes=1)  # the supervisor starts it again by itself, five times at most
STUCK_AFTER = timedelta(minutes=3)  # a batch of history takes seconds


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with the app, in a word and in words."""

    kind: Kind
    told: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far the app has come in Kafka, and how many records wait behind that which it may read: no transaction holds them back."""

    committed: object
    waiting: int


class StreamWatch:
    """Looks at the app again and again; what it has come to since an earlier look is remembered."""

    def __init__(self, home: Path, position: Callable[[], Position]) -> None:
        self._home = home
        self._position = position
        self._committed: object = None
        self._since: datetime | None = None

    def look(self, now: datetime) -> Trouble | None:
        """What is wrong now; None where nothing is, where the app was asked to end, and where none ever ran."""
        beat = read_heartbeat(self._home)
        if beat is None or (beat.ended_at is not None and not beat.ended_because):
            self._since = None
            return None
        return _of_heartbeat(beat, now) or self._of_position(now)

    def _of_position(self, now: datetime) -> Trouble | None:
        try:
            position = self._position()
        except BrokerError:  # a broker that does not answer is no trouble of the app's
            self._since = None
            return None
        if position.waiting == 0 or position.committed != self._committed or self._since is None:
            self._committed, self._since = position.committed, now
            return None
        if now - self._since < STUCK_AFTER:
            return None
        return Trouble("stuck", f"{position.waiting:,} records wait, and nothing has landed since {self._since:%H:%M:%S} UTC")


def _of_heartbeat(beat: Heartbeat, now: datetime) -> Trouble | None:
    age = now - datetime.fromisoformat(beat.updated_at)
    if beat.ended_because:
        return Trouble("down", f"it ended at {beat.ended_at} ({beat.ended_because}) and was not started again") if age > DOWN_FOR else None
    if age > STALE_AFTER:
        return Trouble("silent", f"its last sign of life is {age.total_seconds():.0f} s old")
    if not beat.is_ready and now - datetime.fromisoformat(beat.started_at) > READY_WITHIN:
        return Trouble("starting", f"it has been starting since {beat.started_at}")
    return None
