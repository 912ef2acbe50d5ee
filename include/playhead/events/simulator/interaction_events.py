"""The interaction family: what viewers say about titles while they watch."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from playhead.events.simulator import places as v
from playhead.events.simulator.catalogue import Catalogue
from playhead.events.simulator.population import Population
from playhead.events.simulator.timeline import Timeline
from playhead.events.simulator.tokens import join, member, nullable, pick, quoted, tokens
from playhead.events.simulator.typed import TypedEvents, no_hold

Rows = NDArray[np.int64]

# DOMAIN section 5: p = engagement x this, per play that was watched for half a minute; the last two are rarer still.
_INTERACTIONS = {
    "user_like": 0.3,
    "user_comment": 0.1,
    "user_bookmark": 0.08,
    "user_share": 0.05,
    "user_subscribe": 0.02,
    "user_dislike": 0.03,
    "user_unsubscribe": 0.01,
}
_WATCHED_MS = 30_000
_TIER_TOKENS = tokens(v.TIERS)
_COMMENT_TOKENS = tokens(v.COMMENTS)
_CONTEXT_TOKENS = tokens(v.CONTEXTS)
_SHARE_TOKENS = tokens(v.SHARE_PLATFORMS)


def interaction_events(
    timeline: Timeline,
    catalogue: Catalogue,
    population: Population,
    tier: Rows,
    playback_ids: pa.Array,
    random: np.random.Generator,
) -> list[TypedEvents]:
    """What viewers say about titles while they watch, more the more engaged they are."""
    plays, log = timeline.plays, timeline.log
    watched = np.flatnonzero(timeline.fits & (log.played_ms >= _WATCHED_MS))
    engagement = population.engagement[timeline.visits.user[plays.session[watched]]]
    events: list[TypedEvents] = []
    for event_type, probability in _INTERACTIONS.items():
        play = watched[random.random(len(watched)) < probability * engagement]
        span = log.length_ms[play] - plays.startup_ms[play]
        at_ms = timeline.request_ms[play] + plays.startup_ms[play] + (span * random.random(len(play))).astype(np.int64)
        session = plays.session[play]
        plan = nullable(tier[timeline.visits.user[session]], timeline.visits.signed_in[session])
        parts = [
            join(',"playback_id":"', playback_ids.take(pa.array(play)), '",', catalogue.item_members.take(pa.array(plays.title[play]))),
            member("interaction_context", pick(_CONTEXT_TOKENS, len(play), random)),
            member("subscription_tier", _TIER_TOKENS.take(plan)),
        ]
        if event_type == "user_comment":
            parts.append(member("comment_text", pick(_COMMENT_TOKENS, len(play), random)))
        if event_type == "user_share":
            parts.append(member("share_platform", pick(_SHARE_TOKENS, len(play), random)))
            parts.append(member("share_url", quoted(join("https://playhead.example/t/", pa.array(plays.title[play]).cast(pa.string())))))
        envelope = timeline.envelope_of(session, timeline.request_ms[play])
        events.append(TypedEvents(event_type, session, envelope, at_ms, no_hold(at_ms), tuple(parts)))
    return events
