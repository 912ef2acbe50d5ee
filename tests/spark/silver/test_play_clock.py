"""Random plays against a reference that does no arithmetic on spans: it lives through each play second by second."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from playhead.silver.playbacks import build_playbacks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Rows = Callable[..., "DataFrame"]
TYPES = ("play", "quality_change", "seek", "buffer", "error", "pause", "complete", "stop")  # in the order of one instant
PLAYS = 250


@dataclass
class Event:
    second: int
    type: str
    id: str
    position: int = 0
    wait: int | None = None
    startup: int | None = None
    fatal: bool | None = None

    @property
    def ends(self) -> bool:
        return self.type in ("complete", "stop") or (self.type == "error" and self.fatal is True)


def random_play(number: int) -> list[Event]:
    dice = random.Random(number)
    events = []
    for n in range(dice.randint(1, 14)):
        kind = "play" if n == 0 and dice.random() < 0.8 else dice.choices(TYPES, (5, 2, 6, 8, 2, 3, 1, 1))[0]
        event = Event(dice.randint(0, 30) if n else dice.randint(0, 5), kind, f"event-{number:03}-{dice.randint(0, 10**9):09}-{n}")
        event.position = dice.choice((0, 0, event.second))
        event.wait = dice.randint(0, 6) if kind == "buffer" else None
        event.startup = dice.randint(0, 6) if kind == "play" and dice.random() < 0.5 else None
        event.fatal = dice.choice((True, False, None)) if kind == "error" else None
        events.append(event)
    return events


def is_started(events: list[Event]) -> bool:
    if any(event.startup is not None for event in events):
        return True
    first = events[0]
    before = Event(0, "", "", position=first.position if first.type == "play" else 0)
    pairs = zip([before, *events], events, strict=False)
    return any(b.position > a.position and "seek" not in (a.type, b.type) for a, b in pairs)


class Viewer:
    """Someone who watches a play and notes each second what it was."""

    def __init__(self, events: list[Event]) -> None:
        self.to_come = sorted(events, key=lambda event: (event.second, TYPES.index(event.type), event.id))
        self.startup = next((e.startup for e in self.to_come if e.startup is not None), 0) if is_started(self.to_come) else 10**6
        controls = [e.type for e in self.to_come if e.type in ("play", "pause", "buffer", "seek") or e.ends]
        self.state = "loading" if controls[:1] == ["play"] else "playing"
        self.notes = Counter[str]()
        self.previous: Event | None = None
        self.seek_until = self.stall_until = 0
        self.begin = self.end = self.to_come[0].second

    def live(self) -> Counter[str]:
        second = self.begin
        while self.to_come or second < self.end:
            while self.to_come and self.to_come[0].second == second:
                self.hear(self.to_come.pop(0))
            if self.to_come or second < self.end:
                self.note(second)
            second += 1
        self.notes["length"] = self.end - self.begin
        return self.notes

    def hear(self, event: Event) -> None:
        if self.state != "over" or event.type == "play":
            self.end = event.second
        if event.type == "play":
            self.state, self.seek_until, self.stall_until = "playing", 0, 0
        elif event.ends:
            self.state = "over"
        elif event.type == "pause" and self.state == "playing":
            self.state = "paused"
        elif event.type == "buffer" and self.state == "playing":
            self.wait(event.second, event.wait or 0)
        self.previous = event

    def wait(self, second: int, length: int) -> None:
        if self.previous is not None and self.previous.type == "seek" and second - self.previous.second <= 2:
            self.seek_until = max(self.seek_until, second + length)
        else:
            self.stall_until = max(self.stall_until, second + length)
            watched = self.notes["watched"]
            self.notes["stalls"] += watched >= self.startup or watched + length > self.startup
        if not self.to_come:
            self.end = second + length

    def note(self, second: int) -> None:
        if self.state == "paused":
            self.notes["paused"] += 1
        elif self.state == "playing":
            kind = "seek" if second < self.seek_until else "stall" if second < self.stall_until else "played"
            self.notes["startup" if self.notes["watched"] < self.startup else kind] += 1
            self.notes["watched"] += 1


def test_play_clock__agrees_with_living_through_each_play(rows: Rows) -> None:
    plays = {f"play-{number:03}": random_play(number) for number in range(PLAYS)}
    records: list[dict[str, Any]] = [
        {
            "playback_id": play, "event_id": event.id, "at": event.second, "event_type": f"video_{event.type}", "is_fatal": event.fatal,
            "playback_position_s": event.position, "stall_ms": None if event.wait is None else event.wait * 1000,
            "startup_ms": None if event.startup is None else event.startup * 1000,
        }
        for play, events in plays.items()
        for event in events
    ]  # fmt: skip
    length = (F.unix_millis("ended_at") - F.unix_millis("started_at")).alias("length_ms")
    built = build_playbacks(rows("silver.video_events", *records)).select("*", length)
    found = {
        row.playback_id: (row.watched_ms, row.paused_ms, row.seek_ms, row.stall_ms, row.played_ms, row.stall_count, row.length_ms)
        for row in built.collect()
    }
    expected = {}
    for play, events in plays.items():
        lived = Viewer(events).live()
        seconds = (lived[kind] * 1000 for kind in ("watched", "paused", "seek", "stall", "played"))
        expected[play] = (*seconds, lived["stalls"], lived["length"] * 1000)
    assert found == expected
