"""The session family: the life of each visit."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from playhead.events.simulator import places as v
from playhead.events.simulator.population import Population
from playhead.events.simulator.timeline import Timeline
from playhead.events.simulator.tokens import join, member, members, nullable, quoted, seconds, tokens
from playhead.events.simulator.typed import TypedEvents, no_hold

Rows = NDArray[np.int64]

HEARTBEAT_MS = 180_000
_ENDS_PROPERLY = 0.97
_TIER_TOKENS = tokens(v.TIERS)
_PLACE_MEMBERS = members({"city": p.city, "latitude": p.latitude, "longitude": p.longitude} for p in v.PLACES)
_REFERRER_TOKENS = tokens(v.REFERRERS)
_DEVICE_TOKENS = tokens(device.device_type for device in v.DEVICES)


def session_events(
    timeline: Timeline, population: Population, tier: Rows, tier_changed: Rows, random: np.random.Generator
) -> list[TypedEvents]:
    """The life of each visit: start, heartbeats, change of device, and an end unless the app died."""
    visits = timeline.visits
    sessions = np.arange(len(visits.user))
    span = timeline.session_end_ms - visits.start_ms
    beats = span // HEARTBEAT_MS
    beating = np.repeat(sessions, beats)
    beat_number = np.arange(len(beating)) - np.repeat(np.cumsum(beats) - beats, beats) + 1
    changing = np.flatnonzero(timeline.device_change_ms < timeline.session_end_ms)
    ending = sessions[random.random(len(sessions)) < _ENDS_PROPERLY]
    # A crash that the viewer came back from, at some moment of 2 % of the sessions.
    crash_ms = np.where(random.random(len(sessions)) < 0.02, visits.start_ms + (span * random.random(len(sessions))).astype(np.int64), -1)
    instants = {
        "session_start": (sessions, visits.start_ms),
        "session_heartbeat": (beating, visits.start_ms[beating] + beat_number * HEARTBEAT_MS),
        "device_change": (changing, timeline.device_change_ms[changing]),
        "session_end": (ending, timeline.session_end_ms[ending]),
    }
    events: list[TypedEvents] = []
    for event_type, (session, at_ms) in instants.items():
        parts = _session_members(timeline, population, tier, tier_changed, crash_ms, session, at_ms)
        if event_type == "session_start":
            parts += _arrival(timeline, population, session)
        if event_type == "device_change":
            parts += _previous_device(timeline, population, session)
        events.append(TypedEvents(event_type, session, timeline.envelope_of(session, at_ms), at_ms, no_hold(at_ms), parts))
    return events


def _session_members(
    timeline: Timeline, population: Population, tier: Rows, tier_changed: Rows, crash_ms: Rows, session: Rows, at_ms: Rows
) -> tuple[pa.Array, ...]:
    """Counters that run up within the session, and the viewer's plan where signed in."""
    visits = timeline.visits
    elapsed = at_ms - visits.start_ms[session]
    videos = timeline.videos_watched(session, at_ms)
    user, signed_in = visits.user[session], visits.signed_in[session]
    crashed = (crash_ms[session] >= 0) & (crash_ms[session] <= at_ms)
    changed = tier_changed[user]
    return (
        member("session_duration", seconds(elapsed)),
        member("page_views", 1 + 2 * videos + elapsed // 600_000),
        member("videos_watched", videos),
        member("app_crashes", crashed.astype(np.int64)),
        member("network_errors", (elapsed * visits.network[session] / 5_400_000).astype(np.int64)),
        member("subscription_tier", _TIER_TOKENS.take(nullable(tier[user], signed_in))),
        member("user_signup_date", _days(population.signup[user], signed_in)),
        member("user_tier_change_date", _days(changed, signed_in & (changed >= 0))),
    )


def _previous_device(timeline: Timeline, population: Population, session: Rows) -> tuple[pa.Array, ...]:
    device = timeline.visits.device[session]
    return (
        member("previous_device_id", quoted(population.device_ids.take(pa.array(device)))),
        member("previous_device_type", _DEVICE_TOKENS.take(pa.array(population.device_kind[device]))),
    )


def _arrival(timeline: Timeline, population: Population, session: Rows) -> tuple[pa.Array, ...]:
    """Where the viewer is, and came from: asked once per visit."""
    referrer = timeline.visits.referrer[session]
    return (
        join(",", _PLACE_MEMBERS.take(pa.array(population.place[timeline.visits.user[session]]))),
        member("referrer", _REFERRER_TOKENS.take(nullable(referrer, referrer >= 0))),
    )


def _days(ordinals: Rows, present: NDArray[np.bool_]) -> pa.Array:
    """ISO dates as JSON tokens, null where not present."""
    since_epoch = (ordinals - date(1970, 1, 1).toordinal()).astype(np.int32)
    return quoted(pa.array(since_epoch, pa.int32(), mask=~present).cast(pa.date32()).cast(pa.string()))
