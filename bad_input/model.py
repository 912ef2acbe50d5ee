"""What a class of input is: a valid event, what is done to it, and what must become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bad_input.spoilt import Change

ABSENT = object()  # a field that is left out
VIDEO, COMMENT, AD, SESSION = "video_play", "user_comment", "ad_impression", "session_start"
ANY = (VIDEO, COMMENT, AD, SESSION)
VALID: tuple[str, ...] = ()


def unchanged(value: bytes, _number: int) -> bytes:
    """The bytes as they are."""
    return value


@dataclass(frozen=True, slots=True)
class InputClass:
    """One class. The reasons are those that the quarantine must give; where there are none its records are valid, however odd."""

    name: str
    reasons: tuple[str, ...] = VALID
    of: tuple[str, ...] = ANY  # event types, in turn
    fields: Mapping[str, Any] = field(default_factory=dict)  # in place of the event's own
    minutes: Mapping[str, float] = field(default_factory=dict)  # clocks, by how far from now
    member: str = ""  # written as it is behind the last field
    becomes: Change = unchanged  # what its bytes become
    topic: str = ""  # another than its event type's
    key: str | bytes | None = "k"
    headers: tuple[tuple[str, bytes], ...] = ()
    is_refused: bool = False  # over its topic's limit: the broker does not take it
    at_most: int | None = None  # of those that are large

    @property
    def is_valid(self) -> bool:
        """Whether it must become an event."""
        return not (self.reasons or self.is_refused)
