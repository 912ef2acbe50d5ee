"""The plays of one group of viewers as they go on: events in, minutes out, whatever order the events come in.

A play is open from its first video event until its first stop, completion or fatal error that no later video_play follows, or until it
has been silent for an hour. Counts of a minute are kept until the watermark has passed it, so that a start or an end that comes late
corrects the minutes after it; then they are added to what was before and forgotten. Rows hold whole values, never increments.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from playhead.gold.play_state import LiveEvent, PackedPlays, Play, with_event

MINUTE_MS = 60_000
# The longest pause of an honest player that says nothing; a viewer who left without a word is counted so long.
SILENT_MS = 60 * MINUTE_MS
SEEK_WAIT_MS = 2_000  # as in silver.playbacks: waiting so soon after a seek is no stall
_SHOWN_BACK_MS = 9 * MINUTE_MS  # older minutes that change are shown when they are final: after a break of all traffic there are many


@dataclass(slots=True)
class Minute:
    """What a minute adds. `rest_ms` is the rest of the minute after each opening, less that after each end."""

    opened: int = 0
    ended: int = 0
    rest_ms: int = 0
    plays_count: int = 0
    failed_count: int = 0
    stall_count: int = 0
    stall_ms: int = 0
    ad_impressions_count: int = 0
    ad_errors_count: int = 0
    counted_ids: dict[str, None] = field(default_factory=dict)  # of events that a second arrival would count twice


_SHOWN = ("plays_count", "failed_count", "stall_count", "stall_ms", "ad_impressions_count", "ad_errors_count")


@dataclass(slots=True)
class Counts:
    """The minutes of a group. Minutes before `final_ms` are final."""

    open_before: int = 0  # plays open where the minutes that are kept begin
    final_ms: int = 0
    least_seen_ms: int | None = None  # no play was silent for longer when they were looked through last
    revision: int = 0  # grows with each answer: of two rows of a minute the later one counts
    timer_ms: int = 0
    minutes: dict[int, Minute] = field(default_factory=dict)

    def next_close_ms(self) -> int | None:
        """The watermark at which there is something to do; None when nothing is kept."""
        if self.open_before:
            return self.final_ms + MINUTE_MS
        if self.minutes:
            return min(self.minutes) + MINUTE_MS
        return None if self.least_seen_ms is None else _minute(self.least_seen_ms + SILENT_MS) + MINUTE_MS


class LivePlays:
    """Takes events and moves on with the watermark; both answer with the rows that changed."""

    def __init__(self, counts: Counts, plays: PackedPlays) -> None:
        self.counts = counts
        self._plays = plays

    @classmethod
    def from_json(cls, text: str | None) -> LivePlays:
        """What `as_json` kept; nothing yet where there is None."""
        if text is None:
            return cls(Counts(), PackedPlays({}))
        told: dict[str, Any] = json.loads(text)
        told["minutes"] = {int(at): Minute(**minute) for at, minute in told["minutes"].items()}
        plays = PackedPlays(told.pop("plays"))
        return cls(Counts(**told), plays)

    def as_json(self) -> str:
        """All of it as text, for the state store."""
        return json.dumps(asdict(self.counts) | {"plays": self._plays.packed}, separators=(",", ":"))

    def take(self, events: Iterable[LiveEvent]) -> list[dict[str, Any]]:
        """Counts events; returns the minutes that they changed, and those after them whose open plays changed with them."""
        by_play: dict[str, list[LiveEvent]] = {}
        changed: set[int] = set()
        for event in events:
            if event.at_ms < self.counts.final_ms:
                continue
            if event.event_type.startswith("ad_"):
                changed |= self._count_ad(event)
            elif event.playback_id is not None:
                by_play.setdefault(event.playback_id, []).append(event)
        for playback_id, told in by_play.items():
            changed |= self._follow(playback_id, sorted(told))
        return self._show(min(changed)) if changed else []

    def close(self, watermark_ms: int) -> list[dict[str, Any]]:
        """Makes the minutes final that ended before the watermark, the quiet ones too while plays are open; returns them."""
        counts = self.counts
        limit = _minute(watermark_ms)
        has_expired = self._expire(limit)
        rows: list[dict[str, Any]] = []
        at = counts.final_ms
        counts.revision += 1
        while True:
            if not counts.open_before:
                at = max(at, min(counts.minutes, default=limit))
            if at >= limit:
                break
            minute = counts.minutes.pop(at, Minute())
            rows.append(self._row(at, minute, counts.open_before, is_final=True))
            counts.open_before += minute.opened - minute.ended
            at += MINUTE_MS
        counts.final_ms = max(counts.final_ms, limit)
        return rows + (self._show(limit) if has_expired and counts.minutes else [])

    def _count_ad(self, event: LiveEvent) -> set[int]:
        at = _minute(event.at_ms)
        minute = self._minute(at)
        if not _is_new(minute, event):
            return set()
        minute.ad_impressions_count += event.event_type == "ad_impression"
        minute.ad_errors_count += event.event_type == "ad_error"
        return {at}

    def _follow(self, playback_id: str, events: Iterable[LiveEvent]) -> set[int]:
        """Follows one play; returns the minutes that it changed."""
        before = self._plays.get(playback_id)
        changed: set[int] = set()
        play = before
        for event in events:
            if play is not None and play.ends and play.ends[0] < self.counts.final_ms:
                if event.event_type != "video_play":
                    continue  # an echo: the play has ended
                play = replace(play, opened_ms=event.at_ms, ends=())  # what it opened and ended before is final
            play = with_event(play or Play(event.at_ms, event.at_ms), event)
            changed |= self._count_stall(play, event)
        if play is None or play == before:
            return changed
        changed |= self._add(before, -1) | self._add(play, 1)
        self._plays.keep(playback_id, play)
        least = self.counts.least_seen_ms
        self.counts.least_seen_ms = play.seen_ms if least is None else min(least, play.seen_ms)
        return changed

    def _count_stall(self, play: Play, event: LiveEvent) -> set[int]:
        is_seek_wait = 0 <= event.at_ms - play.sought_ms <= SEEK_WAIT_MS
        at = _minute(event.at_ms)
        if event.stall_ms is None or is_seek_wait or not _is_new(self._minute(at), event):
            return set()
        minute = self._minute(at)
        minute.stall_count += 1
        minute.stall_ms += event.stall_ms
        return {at}

    def _add(self, play: Play | None, sign: int) -> set[int]:
        """Adds what a play adds, or takes it away, in minutes that are not final; returns them."""
        if play is None:
            return set()
        told = {
            "opened": play.opened_ms,
            "ended": play.ends[0] if play.ends else 0,
            "plays_count": play.first_request_ms,
            "failed_count": play.failed_ms,
        }
        changed: set[int] = set()
        for name, moment in told.items():
            at = _minute(moment)
            if not moment or at < self.counts.final_ms:
                continue
            minute = self._minute(at)
            setattr(minute, name, getattr(minute, name) + sign)
            rest = at + MINUTE_MS - moment
            minute.rest_ms += sign * {"opened": rest, "ended": -rest}.get(name, 0)
            changed.add(at)
        return changed

    def _expire(self, limit: int) -> bool:
        """Ends the plays that were silent for too long before `limit`; says whether there were any. Forgets what ended long ago too."""
        counts = self.counts
        if counts.least_seen_ms is None or counts.least_seen_ms + SILENT_MS >= limit:
            return False
        least: int | None = None
        has_expired = False
        for playback_id, play in list(self._plays.items()):
            silent_ms = play.seen_ms + SILENT_MS
            if silent_ms >= limit:
                least = min(play.seen_ms, limit if least is None else least)
                continue
            if not play.ends:
                has_expired = True
                self._add(Play(0, 0, ends=(silent_ms,)), 1)
            self._plays.forget(playback_id)
        counts.least_seen_ms = least
        return has_expired

    def _show(self, first: int) -> list[dict[str, Any]]:
        counts = self.counts
        newest = max(counts.minutes)
        # Quiet minutes before the first that changed have the plays that were open then.
        before = [at for at in counts.minutes if at < first]
        if before or counts.open_before:
            first = min(first, max(before) + MINUTE_MS if before else counts.final_ms)
        first = max(first, newest - _SHOWN_BACK_MS)
        counts.revision += 1
        is_open = counts.open_before + sum(minute.opened - minute.ended for at, minute in counts.minutes.items() if at < first)
        rows: list[dict[str, Any]] = []
        for at in range(first, newest + MINUTE_MS, MINUTE_MS):
            minute = self._minute(at)  # kept, so that it becomes final too
            rows.append(self._row(at, minute, is_open, is_final=False))
            is_open += minute.opened - minute.ended
        return rows

    def _row(self, at: int, minute: Minute, open_before: int, *, is_final: bool) -> dict[str, Any]:
        return {
            "minute_ms": at,
            "revision": self.counts.revision,
            "open_count": open_before + minute.opened - minute.ended,
            "open_ms": open_before * MINUTE_MS + minute.rest_ms,
            "is_final": is_final,
        } | {name: getattr(minute, name) for name in _SHOWN}

    def _minute(self, at: int) -> Minute:
        return self.counts.minutes.setdefault(at, Minute())


def _is_new(minute: Minute, event: LiveEvent) -> bool:
    """False for an event that has been counted in this minute; else it is remembered."""
    if event.event_id in minute.counted_ids:
        return False
    minute.counted_ids[event.event_id] = None
    return True


def _minute(moment: int) -> int:
    return moment - moment % MINUTE_MS
