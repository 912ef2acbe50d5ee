"""The simulation itself: day after day, records in the order they are handed over, numbered from 0. Bounded memory: one day at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from playhead.events.simulator import audience as viewers
from playhead.events.simulator.ad_events import ad_events
from playhead.events.simulator.advertising import AdInventory, build_inventory
from playhead.events.simulator.catalogue import Catalogue, build_catalogue
from playhead.events.simulator.encode import RECORD_SCHEMA, build_envelopes, encode
from playhead.events.simulator.faults import bad_ones, duplicates_of
from playhead.events.simulator.interaction_events import interaction_events
from playhead.events.simulator.options import DAY_MS, SimulationOptions, Stream, generator
from playhead.events.simulator.playing import run_plays
from playhead.events.simulator.population import Population, build_population
from playhead.events.simulator.session_events import session_events
from playhead.events.simulator.timeline import Timeline, day_quality, lay_out
from playhead.events.simulator.tokens import numbered
from playhead.events.simulator.typed import TypedEvents
from playhead.events.simulator.video_events import video_events
from playhead.events.simulator.visits import day_start_ms, draw_plays, draw_visits, season


@dataclass(frozen=True, slots=True)
class SimulatedDay:
    """One day: its records (RECORD_SCHEMA preceded by `sequence`) and the truth about its viewers."""

    day: date
    records: pa.Table
    truth: pa.Table


@dataclass(frozen=True, slots=True)
class ViewedDay:
    """One day of viewing: the timeline of its visits, the viewers' plans on it, and the truth about them."""

    number: int
    today: date
    tier: NDArray[np.int64]
    tier_changed: NDArray[np.int64]
    timeline: Timeline
    truth: pa.Table


@dataclass(frozen=True, slots=True)
class World:
    """What does not change from day to day."""

    options: SimulationOptions
    anchor: date
    catalogue: Catalogue
    population: Population
    inventory: AdInventory

    @property
    def until_ms(self) -> int:
        """The end of the last day; nothing happens after it."""
        return day_start_ms(self.anchor) + DAY_MS

    def random(self, stream: Stream, day: int) -> np.random.Generator:
        """The random stream of one concern on one day."""
        return generator(self.options, self.anchor, stream, day)


def build_world(options: SimulationOptions, anchor: date) -> World:
    """Titles, viewers and ads of a simulation whose last day is `anchor`."""
    catalogue = build_catalogue(options.titles, options.seed)
    return World(options, anchor, catalogue, build_population(options, catalogue.genres_count, anchor), build_inventory())


def viewed_days(world: World) -> Iterator[ViewedDay]:
    """What viewers do and feel, day by day, before any of it becomes events."""
    options, population = world.options, world.population
    audience = viewers.first_audience(population, world.random(Stream.AUDIENCE, options.days))
    for number in range(options.days):
        today = world.anchor - timedelta(days=options.days - 1 - number)
        random = world.random(Stream.AUDIENCE, number)
        viewers.begin_day(audience, population, number, today, random)
        activity = viewers.activity_probability(audience, population, number)
        timeline = _timeline(world, audience, activity, number, today)
        hazard = viewers.end_day(audience, population, day_quality(timeline, population), random)
        sessions = np.bincount(timeline.visits.user, minlength=population.count)
        truth = viewers.truth_rows(audience, population, today, activity, sessions, hazard)
        yield ViewedDay(number, today, audience.tier, audience.tier_changed, timeline, truth)


def simulated_days(world: World) -> Iterator[SimulatedDay]:
    """Every day from the first to the anchor; the same world gives the same bytes."""
    carried = RECORD_SCHEMA.empty_table()
    sequence = 0
    for viewed in viewed_days(world):
        records = pa.concat_tables([carried, _records(world, viewed)])
        ready, carried = _until(records, day_start_ms(viewed.today) + DAY_MS, last=viewed.today == world.anchor)
        numbers = pa.array(np.arange(sequence, sequence + ready.num_rows))
        sequence += ready.num_rows
        yield SimulatedDay(viewed.today, ready.add_column(0, "sequence", numbers), viewed.truth)


def _timeline(world: World, audience: viewers.Audience, activity: NDArray[np.float64], number: int, today: date) -> Timeline:
    random = world.random(Stream.VISITS, number)
    visits = draw_visits(world.population, audience, activity, today, season(today, world.anchor), world.options.clock_skew, random)
    plays = draw_plays(visits, world.population, audience, world.catalogue, random)
    playing = world.random(Stream.PLAYING, number)
    return lay_out(visits, plays, run_plays(plays, playing), world.inventory, playing)


def _records(world: World, viewed: ViewedDay) -> pa.Table:
    """Records of the visits that begin on this day, faults included, in no order yet."""
    options, number = world.options, viewed.number
    prefix = f"sim-{options.seed}-{world.anchor:%Y%m%d}-{number:03d}"
    envelopes = build_envelopes(viewed.timeline.visits, world.population, f"{prefix}-s")
    transport, faults = world.random(Stream.TRANSPORT, number), world.random(Stream.FAULTS, number)
    on_time: list[pa.Table] = []
    stale: list[pa.Table] = []
    for events in _events(world, viewed, f"{prefix}-p"):
        on_time.append(encode(events, envelopes, world.until_ms, options.disorder, transport))
        late = events.take(np.flatnonzero(faults.random(len(events.at_ms)) < options.late))
        stale.append(encode(late, envelopes, world.until_ms, options.disorder, faults, stale=True))
    valid = pa.concat_tables(on_time)
    repeated = duplicates_of(valid, options.duplicates, faults)
    return pa.concat_tables([valid, *stale, repeated, bad_ones(valid, options.bad, number, faults)])


def _events(world: World, viewed: ViewedDay, play_prefix: str) -> list[TypedEvents]:
    random = world.random(Stream.FAMILIES, viewed.number)
    timeline = viewed.timeline
    playback_ids = numbered(play_prefix, len(timeline.plays.session))
    return [
        *video_events(timeline, world.catalogue, world.population, playback_ids, random),
        *interaction_events(timeline, world.catalogue, world.population, viewed.tier, playback_ids, random),
        *ad_events(timeline, world.catalogue, world.inventory, playback_ids, random),
        *session_events(timeline, world.population, viewed.tier, viewed.tier_changed, random),
    ]


def _until(records: pa.Table, midnight_ms: int, *, last: bool) -> tuple[pa.Table, pa.Table]:
    """Records handed over before midnight, in order, and those that the next day carries on; the last day hands over everything."""
    order = np.argsort(records["order_ms"].to_numpy(), kind="stable")
    records = records.combine_chunks().take(pa.array(order))  # rows of many chunks cost three times as much to take
    if last:
        return records, records.slice(records.num_rows)
    place = int(np.searchsorted(records["order_ms"].to_numpy(), midnight_ms))
    return records.slice(0, place), records.slice(place)
