"""What is known of one play while it goes on, the same in whatever order its events come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from typing import Any, NamedTuple

_ENDS = frozenset({"video_stop", "video_complete"})


class LiveEvent(NamedTuple):
    """What counts of an event. `at_ms` is when it happened; `stall_ms` is set for a stall only."""

    at_ms: int
    event_type: str
    event_id: str
    playback_id: str | None = None
    stall_ms: int | None = None
    is_fatal: bool | None = None


@dataclass(frozen=True, slots=True)
class Play:
    """What is known of a play, in milliseconds; 0 is not known. `ends` are the ends since its last video_play, ascending."""

    opened_ms: int
    seen_ms: int
    first_request_ms: int = 0
    last_request_ms: int = 0
    sought_ms: int = 0
    failed_ms: int = 0
    ends: tuple[int, ...] = ()


def read_events(rows: Iterable[Any]) -> Iterator[LiveEvent]:
    """Rows of an engine that have the fields of a LiveEvent."""
    return (LiveEvent(*(row[name] for name in LiveEvent._fields)) for row in rows)


class PackedPlays:
    """The plays of a group by id, each as the list of its values: most of them are only carried on from batch to batch."""

    def __init__(self, packed: dict[str, list[Any]]) -> None:
        self.packed = packed

    def get(self, playback_id: str) -> Play | None:
        """The play, None where there is none."""
        values = self.packed.get(playback_id)
        return None if values is None else _play(values)

    def keep(self, playback_id: str, play: Play) -> None:
        """Takes a play in the place of what was known of it."""
        self.packed[playback_id] = list(astuple(play))

    def forget(self, playback_id: str) -> None:
        """Leaves a play out."""
        del self.packed[playback_id]

    def items(self) -> Iterator[tuple[str, Play]]:
        """All of them."""
        return ((playback_id, _play(values)) for playback_id, values in self.packed.items())


def with_event(play: Play, event: LiveEvent) -> Play:
    """The play with one more event, the same in whatever order they come."""
    at = event.at_ms
    play = replace(play, opened_ms=min(play.opened_ms, at), seen_ms=max(play.seen_ms, at))
    if event.event_type == "video_play":
        last = max(play.last_request_ms, at)
        ends = tuple(end for end in play.ends if end >= last)
        return replace(play, first_request_ms=min(play.first_request_ms or at, at), last_request_ms=last, ends=ends)
    if event.event_type == "video_seek":
        return replace(play, sought_ms=max(play.sought_ms, at))
    is_failure = event.event_type == "video_error" and bool(event.is_fatal)
    if is_failure:
        play = replace(play, failed_ms=min(play.failed_ms or at, at))
    if (is_failure or event.event_type in _ENDS) and at >= play.last_request_ms:
        return replace(play, ends=tuple(sorted({*play.ends, at})))
    return play


def _play(values: list[Any]) -> Play:
    opened, seen, first_request, last_request, sought, failed, ends = values
    return Play(opened, seen, first_request, last_request, sought, failed, tuple(ends))
