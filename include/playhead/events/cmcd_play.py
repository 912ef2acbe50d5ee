"""One play as its CMCD reports tell it: the report at hand, the known changes of state around it, and the events made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from playhead.events.clients import Client, guess_device, rendition
from playhead.events.cmcd_report import Report

PLAYING = "p"
_NAMESPACE = uuid5(NAMESPACE_URL, "https://playhead.example/cmcd")


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state of one play, known by its `e=ps` report. `held` is its event where that waits for other reports."""

    sn: int
    ts: int
    state: str
    position_ms: int | None = None
    held: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What is known of one play at one event target: its changes of state, and which reports of any kind have arrived."""

    transitions: Sequence[Transition] = ()
    arrived: frozenset[int] = frozenset()

    def with_report(self, sn: int, transition: Transition | None) -> History:
        """This history with one more report; a change of state known by the same sn is replaced."""
        transitions = [t for t in self.transitions if t.sn != sn] + ([transition] if transition else [])
        return History(sorted(transitions, key=lambda t: t.sn), self.arrived | {sn})

    def before(self, sn: int) -> Sequence[Transition]:
        """The changes of state that the player reported before `sn`."""
        return [t for t in self.transitions if t.sn < sn]

    def after(self, sn: int) -> Sequence[Transition]:
        """The changes of state that the player reported after `sn`."""
        return [t for t in self.transitions if t.sn > sn]

    def is_whole(self, low: int, high: int) -> bool:
        """No report between these two is still on its way."""
        return all(sn in self.arrived for sn in range(low + 1, high))


def spent(transitions: Sequence[Transition], states: str, until: int) -> int:
    """Milliseconds that these changes of state, and what followed the last until then, spent in the given states."""
    times = [*(t.ts for t in transitions), until]
    return sum(max(end - t.ts, 0) for t, end in zip(transitions, times[1:], strict=True) if t.state in states)


@dataclass(frozen=True, slots=True)
class Play:
    """A report with all that is known around it."""

    report: Report
    client: Client
    title: Mapping[str, Any]
    history: History

    @property
    def before(self) -> Sequence[Transition]:
        """The changes of state that the player reported before this report."""
        return self.history.before(self.report.sn)

    @property
    def last(self) -> Transition | None:
        """The state the play was in when the report was made."""
        before = self.before
        return before[-1] if before else None

    @property
    def has_played(self) -> bool:
        """A first frame was shown before this report."""
        return any(t.state == PLAYING for t in self.before)

    def position_ms(self) -> int:
        """The playhead: reported, or the time spent playing; never beyond the title."""
        reported = self.report.position_ms
        at = spent(self.before, PLAYING, self.report.ts) if reported is None else reported
        return min(at, int(self.title["content_duration"]) * 1000)

    def event(self, event_type: str, **more: Any) -> dict[str, Any]:
        """A video event of this play at the report's time; `more` overrides and adds."""
        position = self.position_ms()
        said = {
            "playback_id": self.report.sid,
            "video_id": self.report.content_id,
            **self.title,
            "playback_position": position // 1000,
            "video_quality": rendition(self.report.bitrate_kbps),
            "bitrate": self.report.bitrate_kbps,
            "bandwidth": None if self.report.throughput_kbps is None else self.report.throughput_kbps / 1000,
        }
        return self.envelope(event_type) | {k: v for k, v in (said | more).items() if v is not None}

    def envelope(self, event_type: str) -> dict[str, Any]:
        """Who, where and when: what every event carries. cmcd_* are no contract columns; bronze keeps them to count lost reports by."""
        report, client = self.report, self.client
        device_type, platform = guess_device(client.user_agent)
        said = {
            "event_id": event_id(report.sid, client.target, report.sn),
            "event_type": event_type,
            "event_timestamp": iso(report.ts),
            "received_at": client.received_at,
            "schema_version": 1,
            "session_id": report.session_id or report.sid,
            "device_id": report.device_id or client.pseudonym(),
            "user_id": report.user_id,
            "ip_address": client.address,
            "user_agent": client.user_agent,
            "device_type": device_type,
            "platform": platform,
            "app_version": report.app_version or "unknown",
            "cdn": report.cdn,
            "player": report.player,
            "cmcd_sid": report.sid,
            "cmcd_sn": report.sn,
            "cmcd_target": client.target or None,
        }
        return {k: v for k, v in said.items() if v is not None}


def event_id(sid: str, target: str, sn: int, part: str = "") -> str:
    """The identity of what report `sn` says; `part` tells apart several events of one report."""
    return str(uuid5(_NAMESPACE, f"{sid}|{target}|{sn}{part and '|' + part}"))


def iso(ts: int) -> str:
    """Milliseconds since the epoch as the wire's timestamp."""
    return datetime.fromtimestamp(ts / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
