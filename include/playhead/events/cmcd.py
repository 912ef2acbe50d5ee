"""CMCD v2 event reports -> Playhead events: what a player says it does, as plays, stalls and seeks.

A report is mapped from its own keys and from what is known of the same play so far. hls.js 1.7 reports states but neither `msd` nor `bsd`,
so startup and stalls are the time between states, which is how CTA-5004-B defines them. Reports overtake each other (each travels in a
request of its own), so such a span is told once no report within it is missing, by whichever report came last: any order of arrival gives
the same events. The same report gives the same ids whenever and wherever it is mapped, id = uuid5(sid | event target | sn); a stall's id
is that of its `r` report. So a player's retry is a duplicate.

| report | becomes |
|-|-|
| ps s (starting) | video_play: the playback request |
| ps p (playing), first of the play | video_play with startup_time = msd, else the time spent starting |
| ps p after r | nothing of its own: the stall says it |
| ps p otherwise | video_play without startup_time: resumed |
| ps r (rebuffering) | video_buffer: event_timestamp = when r began, buffer_duration = until the next state, told by that |
| ps k (seeking) | video_seek to the reported position, from the one before; the r that follows is its wait |
| ps a, w (paused, waiting for the viewer) | video_pause |
| ps e (ended) | video_complete |
| ps q (quit), or custom event `stop` | video_stop |
| ps f (fatal) with ec; e (error) | video_error, fatal where the state is f |
| ps f without ec | held for the `e` report that names the error; hls.js sends it next |
| bc (bitrate change) after the first frame | video_quality_change |
| t (time interval) | session_heartbeat |
| msd or bsd on any other report | also a video_play with startup_time, or a video_buffer per stall that no r report explains |
| ps d, t while preloading or after the end, bc before the first frame, pr, c, b, m, um, pe, pc, rr, ad markers, other ce |
| (these) | ignored, with the reason: no Playhead event says them |

What is held for too long is settled as far as it is known (settle(); the collector does so for players that fell silent).
Without a reported position (`pt`, or our page's `playhead-pt`) it is the time spent playing, which is exact until the first seek.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playhead.events.clients import Client
from playhead.events.cmcd_play import PLAYING, History, Play, Transition, event_id, iso, spent
from playhead.events.cmcd_report import Report

_STARTING, _REBUFFERING, _SEEKING, _FATAL = "s", "r", "k", "f"
_OVER = ("e", "f", "q")
# Reports that no Playhead event says, by what they are about.
_UNSAID = {
    "pr": "playback_rate",
    "c": "content_announced",
    "b": "backgrounded",
    "m": "mute",
    "um": "mute",
    "pe": "player_size",
    "pc": "player_size",
    "rr": "response_received",
    "as": "ad_without_identity",
    "ae": "ad_without_identity",
    "abs": "ad_without_identity",
    "abe": "ad_without_identity",
    "sk": "ad_without_identity",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a report: events, or a reason why there is none (yet).

    `transition` is to be remembered before the events are sent; `released` are the sn of held reports that these events settle.
    """

    events: tuple[dict[str, Any], ...] = ()
    ignored: str | None = None
    transition: Transition | None = None
    released: tuple[int, ...] = ()


def map_report(report: Report, client: Client, title: Mapping[str, Any], history: History) -> Outcome:
    """What the report becomes, and what it completes of earlier ones.

    Args:
        report: the parsed line.
        client: who sent it.
        title: the catalogue's entry of its content id (columns of the video family).
        history: what is known of the same play and event target; the report itself, from an earlier try, makes no difference.
    """
    play = Play(report, client, title, history)
    own = _MAPPERS.get(report.event, _unsaid)(play)
    if own.ignored == "after_end":
        return own
    completed = _completed(history.with_report(report.sn, own.transition), report.sn)
    events = (
        *(event for _, event in completed if event is not None),
        *own.events,
        *_told_startup(play),
        *_told_stalls(play),
    )
    released = (*own.released, *(sn for sn, _ in completed))
    # What is settled without an event of its own (playing again after a stall) is said by the stall.
    is_said = bool(events) or (own.transition is not None and own.transition.sn in released)
    return Outcome(events, None if is_said else own.ignored, own.transition, released)


def settle(held: Transition, history: History, last_ts: int) -> dict[str, Any] | None:
    """The event of a held report that has waited long enough, as far as it is known: later or missing reports are not expected any more.

    Args:
        held: the report.
        history: all that is known of its play.
        last_ts: the play's last sign of life; a stall that nothing ended lasted until then.
    """
    if held.held is None or held.state == _FATAL:
        return None if held.held is None else dict(held.held)
    if held.state == _REBUFFERING:
        following = history.after(held.sn)
        return _stall(held, following[0].ts if following else last_ts)
    return _started_or_resumed(held, history.before(held.sn))


def _completed(history: History, sn: int) -> list[tuple[int, dict[str, Any] | None]]:
    """The held reports that wait no longer because report `sn` arrived, with what they say.

    A span between two changes of state is told once no report within it is missing: told earlier, a report that was overtaken could
    prove it wrong, and the first event of an id is the one that counts.
    """
    told: list[tuple[int, dict[str, Any] | None]] = []
    for index, each in enumerate(history.transitions):
        if each.held is None or each.state not in (PLAYING, _REBUFFERING):
            continue
        if each.state == PLAYING:
            low, high = (history.transitions[index - 1].sn if index else -1), each.sn
        elif index + 1 < len(history.transitions):
            low, high = each.sn, history.transitions[index + 1].sn
        else:
            continue
        if low <= sn <= high and history.is_whole(low, high):
            told.append((each.sn, settle(each, history, 0)))
    return told


def _stall(held: Transition, until: int) -> dict[str, Any]:
    return {**(held.held or {}), "buffer_duration": max(until - held.ts, 0) / 1000}


def _started_or_resumed(held: Transition, before: Sequence[Transition]) -> dict[str, Any] | None:
    """Playing: for the first time, with the time that starting took; or again, which a stall says itself."""
    event = dict(held.held or {})
    if before and before[-1].state == _REBUFFERING:
        return None
    if not any(t.state in (PLAYING, _SEEKING) for t in before) and any(t.state == _STARTING for t in before):
        event["startup_time"] = spent(before, _STARTING, held.ts) / 1000
    return event


def _state(play: Play) -> Outcome:
    report = play.report
    mapper = _STATES.get(report.state or "")
    if mapper is None:
        return Outcome(ignored="preload" if report.state == "d" else "unknown_state")
    last = play.last
    if last is not None and last.state == report.state and play.history.is_whole(last.sn, report.sn):
        return Outcome(ignored="unchanged_state")
    event, is_held = mapper(play)
    transition = Transition(report.sn, report.ts, report.state or "", report.position_ms, event if is_held else None)
    return Outcome((), "held", transition) if is_held else Outcome((event,), None, transition)


def _playing(play: Play) -> tuple[dict[str, Any], bool]:
    delay = play.report.start_delay_ms
    return play.event("video_play", startup_time=None if delay is None else delay / 1000), delay is None


def _rebuffering(play: Play) -> tuple[dict[str, Any], bool]:
    return play.event("video_buffer"), True


def _seeking(play: Play) -> tuple[dict[str, Any], bool]:
    to_ms, last = play.position_ms(), play.last
    if last is None or last.position_ms is None:
        from_ms = spent(play.before, PLAYING, play.report.ts)
    else:
        from_ms = last.position_ms + (play.report.ts - last.ts if last.state == PLAYING else 0)
    return play.event("video_seek", seek_from_position=max(from_ms, 0) / 1000, seek_to_position=to_ms / 1000), False


def _fatal(play: Play) -> tuple[dict[str, Any], bool]:
    codes = play.report.error_codes
    return play.event("video_error", fatal=True, error_code=codes[0] if codes else "unspecified"), not codes


def _just(event_type: str) -> Callable[[Play], tuple[dict[str, Any], bool]]:
    return lambda play: (play.event(event_type), False)


def _error(play: Play) -> Outcome:
    codes = play.report.error_codes
    is_fatal = play.report.state == _FATAL
    error = play.event("video_error", fatal=is_fatal, error_code=codes[0] if codes else "unspecified")
    settled = tuple(t.sn for t in play.before if is_fatal and t.state == _FATAL and t.held is not None)
    return Outcome((error,), released=settled)


def _bitrate_change(play: Play) -> Outcome:
    state = play.report.state
    if state in ("s", "d") or (state is None and not play.has_played):
        return Outcome(ignored="first_rendition")
    return Outcome((play.event("video_quality_change"),))


def _time_interval(play: Play) -> Outcome:
    state = play.report.state or (play.last.state if play.last else None)
    if state in _OVER:
        return Outcome(ignored="after_end")
    if state == "d":
        return Outcome(ignored="preload")
    return Outcome((play.envelope("session_heartbeat"),))


def _custom(play: Play) -> Outcome:
    return Outcome((play.event("video_stop"),)) if play.report.custom_name == "stop" else Outcome(ignored="custom_event")


def _unsaid(play: Play) -> Outcome:
    return Outcome(ignored=_UNSAID.get(play.report.event, "unknown_event"))


def _told_startup(play: Play) -> tuple[dict[str, Any], ...]:
    """A start delay on a report that is not the start of playback itself."""
    report = play.report
    if report.start_delay_ms is None or (report.event == "ps" and report.state == PLAYING):
        return ()
    own_id = event_id(report.sid, play.client.target, report.sn, "msd")
    return (play.event("video_play", event_id=own_id, startup_time=report.start_delay_ms / 1000),)


def _told_stalls(play: Play) -> tuple[dict[str, Any], ...]:
    """Stalls that the player measured itself and no `r` report explains; laid end to end before the report."""
    events, end = [], play.report.ts
    for index, length in enumerate(reversed(play.report.stalls_ms)):
        start = end - length
        if not any(t.state == _REBUFFERING and start - _REPORT_LAG_MS <= t.ts <= end for t in play.before):
            own_id = event_id(play.report.sid, play.client.target, play.report.sn, f"bsd{index}")
            events.append(play.event("video_buffer", event_id=own_id, event_timestamp=iso(start), buffer_duration=length / 1000))
        end = start
    return tuple(events)


# A stall's length may be reported as late as with the next time interval.
_REPORT_LAG_MS = 30_000

# What a change of state says: its event, and whether that waits for other reports.
_STATES: dict[str, Callable[[Play], tuple[dict[str, Any], bool]]] = {
    "s": _just("video_play"),
    "p": _playing,
    "r": _rebuffering,
    "k": _seeking,
    "a": _just("video_pause"),
    "w": _just("video_pause"),
    "e": _just("video_complete"),
    "q": _just("video_stop"),
    "f": _fatal,
}
_MAPPERS: dict[str, Callable[[Play], Outcome]] = {
    "ps": _state,
    "bc": _bitrate_change,
    "e": _error,
    "t": _time_interval,
    "ce": _custom,
}
