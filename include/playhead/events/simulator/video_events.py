"""The video family: from the log of plays to events, by the play semantics of the contract."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from playhead.events.simulator import places as v
from playhead.events.simulator.catalogue import Catalogue
from playhead.events.simulator.playing import Kind
from playhead.events.simulator.population import Population
from playhead.events.simulator.timeline import Timeline
from playhead.events.simulator.tokens import join, member, nullable, seconds, tokens
from playhead.events.simulator.typed import TypedEvents, no_hold
from playhead.events.simulator.visits import Start

Rows = NDArray[np.int64]

_TYPES: dict[str, tuple[Kind, ...]] = {
    "video_play": (Kind.PLAY, Kind.RESUME),
    "video_pause": (Kind.PAUSE,),
    "video_stop": (Kind.STOP,),
    "video_seek": (Kind.SEEK,),
    "video_buffer": (Kind.STALL,),
    "video_error": (Kind.ERROR, Kind.FATAL),
    "video_quality_change": (Kind.QUALITY,),
    "video_complete": (Kind.COMPLETE,),
}
_BITRATE = np.array([rung.bitrate_kbps for rung in v.LADDER])
_QUALITY_TOKENS = tokens([rung.video_quality for rung in v.LADDER] + ["auto"])
_ERROR_CODES = tokens(code for code, _ in v.VIDEO_ERRORS)
_ERROR_MESSAGES = tokens(message for _, message in v.VIDEO_ERRORS)
_CONNECTION_TOKENS = tokens(v.CONNECTIONS)
_AUDIO_TOKENS = tokens(v.AUDIO_LANGUAGES)


def video_events(
    timeline: Timeline, catalogue: Catalogue, population: Population, playback_ids: pa.Array, random: np.random.Generator
) -> list[TypedEvents]:
    """All video events of the day, one item per type."""
    log = timeline.log
    fits = timeline.fits[log.play]
    play_members = _play_members(timeline, catalogue, population, playback_ids)
    events: list[TypedEvents] = []
    for event_type, kinds in _TYPES.items():
        rows = np.flatnonzero(fits & np.isin(log.kind, kinds))
        play = log.play[rows]
        at_ms = timeline.request_ms[play] + log.at_ms[rows]
        session = timeline.plays.session[play]
        own = _OWN_MEMBERS.get(event_type)
        events.append(
            TypedEvents(
                event_type=event_type,
                session=session,
                envelope=timeline.envelope_of(session, timeline.request_ms[play]),
                at_ms=at_ms,
                held_ms=_held_until_started(timeline, rows) if event_type == "video_play" else no_hold(at_ms),
                parts=(
                    play_members.take(pa.array(play)),
                    *_playhead_members(timeline, rows),
                    *(own(timeline, rows, random) if own else ()),
                ),
            )
        )
    return events


def _play_members(timeline: Timeline, catalogue: Catalogue, population: Population, playback_ids: pa.Array) -> pa.Array:
    """What every event of a play repeats: its id, its title, its network."""
    plays = timeline.plays
    user = timeline.visits.user[plays.session]
    return join(
        ',"playback_id":"',
        playback_ids,
        '",',
        catalogue.video_members.take(pa.array(plays.title)),
        member("audio_language", _AUDIO_TOKENS.take(pa.array(plays.audio))),
        member("connection_type", _CONNECTION_TOKENS.take(pa.array(population.connection[user]))),
    )


def _playhead_members(timeline: Timeline, rows: Rows) -> tuple[pa.Array, ...]:
    """Position, rendition and bitrate; a play that never started has no rendition yet."""
    log = timeline.log
    started = timeline.plays.start[log.play[rows]] == Start.STARTED
    rung = log.rung[rows]
    return (
        member("playback_position", log.position_ms[rows] // 1000),
        member("video_quality", _QUALITY_TOKENS.take(pa.array(np.where(started, rung, len(v.LADDER))))),
        member("bitrate", nullable(_BITRATE[rung], started)),
    )


def _held_until_started(timeline: Timeline, rows: Rows) -> Rows:
    """A request is reported when its first frame is there, because it carries the startup time."""
    play = timeline.log.play[rows]
    waits = _carries_startup(timeline, rows)
    return np.where(waits, timeline.plays.startup_ms[play], 0)


def _carries_startup(timeline: Timeline, rows: Rows) -> NDArray[np.bool_]:
    log = timeline.log
    carries: NDArray[np.bool_] = (log.kind[rows] == Kind.PLAY) & (timeline.plays.start[log.play[rows]] == Start.STARTED)
    return carries


def _play_own(timeline: Timeline, rows: Rows, random: np.random.Generator) -> tuple[pa.Array, ...]:
    startup_s = seconds(timeline.plays.startup_ms[timeline.log.play[rows]])
    return (member("startup_time", nullable(startup_s, _carries_startup(timeline, rows))), _bandwidth(timeline, rows, random))


def _stall_own(timeline: Timeline, rows: Rows, random: np.random.Generator) -> tuple[pa.Array, ...]:
    return (member("buffer_duration", seconds(timeline.log.first[rows])), _bandwidth(timeline, rows, random))


def _quality_own(timeline: Timeline, rows: Rows, random: np.random.Generator) -> tuple[pa.Array, ...]:
    return (_bandwidth(timeline, rows, random), _dropped_frames(rows, random))


def _seek_own(timeline: Timeline, rows: Rows, _random: np.random.Generator) -> tuple[pa.Array, ...]:
    return (
        member("seek_from_position", seconds(timeline.log.first[rows])),
        member("seek_to_position", seconds(timeline.log.second[rows])),
    )


def _error_own(timeline: Timeline, rows: Rows, _random: np.random.Generator) -> tuple[pa.Array, ...]:
    number = pa.array(timeline.log.first[rows])
    return (
        member("error_code", _ERROR_CODES.take(number)),
        member("error_message", _ERROR_MESSAGES.take(number)),
        member("fatal", timeline.log.kind[rows] == Kind.FATAL),
    )


def _frames_own(_timeline: Timeline, rows: Rows, random: np.random.Generator) -> tuple[pa.Array, ...]:
    return (_dropped_frames(rows, random),)


def _bandwidth(timeline: Timeline, rows: Rows, random: np.random.Generator) -> pa.Array:
    """Measured throughput in Mbit/s, somewhat above what is being played."""
    return member("bandwidth", np.round(_BITRATE[timeline.log.rung[rows]] / 1000 * random.uniform(1.1, 3.0, len(rows)), 3))


def _dropped_frames(rows: Rows, random: np.random.Generator) -> pa.Array:
    return member("dropped_frames", random.poisson(0.6, len(rows)))


_OWN_MEMBERS: dict[str, Callable[[Timeline, Rows, np.random.Generator], tuple[pa.Array, ...]]] = {
    "video_play": _play_own,
    "video_pause": _frames_own,
    "video_stop": _frames_own,
    "video_seek": _seek_own,
    "video_buffer": _stall_own,
    "video_error": _error_own,
    "video_quality_change": _quality_own,
    "video_complete": _frames_own,
}
