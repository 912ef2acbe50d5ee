"""From events in columns to Kafka records: clocks, delays, and the exact bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from playhead.contracts.model import event_types
from playhead.events.simulator import places as v
from playhead.events.simulator.options import DAY_MS
from playhead.events.simulator.population import Population
from playhead.events.simulator.tokens import instants, join, member, nullable, numbered, tokens, uuids
from playhead.events.simulator.typed import TypedEvents
from playhead.events.simulator.visits import Visits

VALID, DUPLICATE, LATE = "valid", "duplicate", "late"
# Records in the order they are handed over: `order_ms` is when, by a true clock; `kind` is valid, duplicate, late or bad:<class>.
RECORD_SCHEMA = pa.schema(
    [
        ("order_ms", pa.int64()),
        ("topic", pa.string()),
        ("key", pa.string()),
        ("event_id", pa.string()),
        ("event_type", pa.string()),
        ("kind", pa.string()),
        ("value", pa.binary()),
    ]
)
_LONGEST_DISORDER_MS = 300_000
# A late event happened more than the 7 days of the horizon before it is received.
_LATE_MS = (7 * DAY_MS + 3_600_000, 12 * DAY_MS)


@dataclass(frozen=True, slots=True)
class Envelopes:
    """Ready JSON of each session's envelope (twice as many rows: the second half is upon the other device), and its Kafka key."""

    members: pa.Array
    keys: pa.Array
    skew_ms: NDArray[np.int64]


def build_envelopes(visits: Visits, population: Population, session_prefix: str) -> Envelopes:
    """Envelopes of a day's sessions, named `session_prefix` and a number."""
    count = len(visits.user)
    session_ids = numbered(session_prefix, count)
    signed_in = pa.array(visits.signed_in)
    user = population.user_members.take(pa.array(visits.user))
    user_part = pc.if_else(signed_in, pc.binary_join_element_wise(",", user, ""), pa.scalar("", pa.string()))
    session_part = join(
        ',"session_id":"',
        session_ids,
        '"',
        user_part,
        ",",
        population.place_members.take(pa.array(visits.user)),
        member("cdn", tokens(v.CDNS).take(pa.array(visits.cdn))),
        member("campaign_id", tokens(v.CAMPAIGNS).take(nullable(visits.campaign, visits.campaign >= 0))),
        ",",
    )
    halves = [join(session_part, population.device_members.take(pa.array(device))) for device in (visits.device, visits.device ^ 1)]
    keys = pc.if_else(signed_in, population.ids.take(pa.array(visits.user)), session_ids)
    return Envelopes(pa.concat_arrays(halves), keys, visits.skew_ms)


def encode(
    events: TypedEvents, envelopes: Envelopes, until_ms: int, disorder: float, random: np.random.Generator, *, stale: bool = False
) -> pa.Table:
    """Records of these events. `stale` moves them back beyond the late horizon: the client reports them days afterwards.

    Nothing is recorded that happens, or is received, at or after `until_ms`.
    """
    count = len(events.at_ms)
    flush_ms = random.exponential(25, count).astype(np.int64) + 1
    network_ms = random.lognormal(np.log(60), 0.6, count).astype(np.int64) + 1
    held_up = np.where(random.random(count) < disorder, random.integers(1000, _LONGEST_DISORDER_MS, count), 0)
    reported_ms = events.at_ms + events.held_ms + flush_ms + held_up
    received_ms = reported_ms + network_ms
    skew_ms = envelopes.skew_ms[events.session]
    happened_ms = events.at_ms + skew_ms
    event_ids = uuids(random, count)
    if stale:
        happened_ms = happened_ms - random.integers(*_LATE_MS, count)
    value = join(
        '{"event_id":"',
        event_ids,
        f'","event_type":"{events.event_type}","schema_version":1,"event_timestamp":',
        instants(happened_ms),
        ',"sent_at":',
        instants(reported_ms + skew_ms),
        ',"received_at":',
        instants(received_ms),
        envelopes.members.take(pa.array(events.envelope)),
        *events.parts,
        "}",
    ).view(pa.binary())
    records = pa.Table.from_arrays(
        [
            pa.array(received_ms),
            pa.repeat(pa.scalar(event_types()[events.event_type].topic), count),
            envelopes.keys.take(pa.array(events.session)),
            event_ids,
            pa.repeat(pa.scalar(events.event_type), count),
            pa.repeat(pa.scalar(LATE if stale else VALID), count),
            value,
        ],
        schema=RECORD_SCHEMA,
    )
    is_recorded = (received_ms < until_ms) & (happened_ms < until_ms)
    return records if is_recorded.all() else records.filter(pa.array(is_recorded))
