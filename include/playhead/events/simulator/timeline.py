"""Where a day's plays lie in their sessions: everything that happens, with its instant, before it becomes events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playhead.events.simulator.advertising import AdInventory, AdViews, draw_ad_views
from playhead.events.simulator.playing import PlayLog
from playhead.events.simulator.population import Population
from playhead.events.simulator.visits import Plays, Start, Visits

# Sessions last less than 24 h, whatever the dice say (silver's cap).
LONGEST_SESSION_MS = 20 * 3_600_000
_PRE_ROLL = np.array([0.5, 0.25, 0.0, 0.0])
_DEVICE_CHANGE = 0.05
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Timeline:
    """One day of viewing. Plays know when they were requested and whether they fit into their session; sessions know when they end and
    change device.
    """

    visits: Visits
    plays: Plays
    log: PlayLog
    request_ms: NDArray[np.int64]
    end_ms: NDArray[np.int64]
    fits: NDArray[np.bool_]
    pre_roll_of: NDArray[np.int64]
    pre_rolls: AdViews
    session_end_ms: NDArray[np.int64]
    device_change_ms: NDArray[np.int64]

    def envelope_of(self, session: NDArray[np.int64], at_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row of the envelope table: the session's own, or, after its change of device, the one a table's length further on."""
        return session + len(self.visits.user) * (at_ms >= self.device_change_ms[session])

    def videos_watched(self, session: NDArray[np.int64], at_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many plays of the session were requested by then."""
        origin = int(self.visits.start_ms.min(initial=0))
        width = 4 * LONGEST_SESSION_MS + int(self.visits.start_ms.max(initial=0)) - origin
        requested = self.plays.session * width + (self.request_ms - origin)
        first = np.searchsorted(self.plays.session, session)
        return np.searchsorted(requested, session * width + (at_ms - origin), side="right") - first


def lay_out(visits: Visits, plays: Plays, log: PlayLog, inventory: AdInventory, random: np.random.Generator) -> Timeline:
    """Puts the plays one after another into their sessions, each behind its pre-roll."""
    count = len(plays.session)
    pre_roll_of = np.flatnonzero(random.random(count) < _PRE_ROLL[plays.tier])
    pre_rolls = draw_ad_views(inventory, len(pre_roll_of), random)
    lead_ms = random.integers(3000, 40_000, count)
    lead_ms[pre_roll_of] += pre_rolls.view_ms + 500
    through = np.cumsum(lead_ms + log.length_ms)
    first_play = np.searchsorted(plays.session, np.arange(len(visits.user)))
    before = np.concatenate([[0], through])[first_play]
    end_ms = visits.start_ms[plays.session] + through - before[plays.session]
    request_ms = end_ms - log.length_ms
    fits = end_ms <= visits.start_ms[plays.session] + LONGEST_SESSION_MS
    session_end_ms = visits.start_ms + random.integers(5000, 120_000, len(visits.user))
    np.maximum.at(session_end_ms, plays.session[fits], end_ms[fits] + random.integers(5000, 120_000, int(fits.sum())))
    return Timeline(
        visits=visits,
        plays=plays,
        log=log,
        request_ms=request_ms,
        end_ms=end_ms,
        fits=fits,
        pre_roll_of=pre_roll_of,
        pre_rolls=pre_rolls,
        session_end_ms=session_end_ms,
        device_change_ms=_device_changes(visits, plays, request_ms - lead_ms, first_play, random),
    )


def _device_changes(
    visits: Visits, plays: Plays, begin_ms: NDArray[np.int64], first_play: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.int64]:
    """Some sessions go on upon the viewer's other device from their second play on."""
    changes = (visits.plays_count > 1) & (random.random(len(visits.user)) < _DEVICE_CHANGE)
    change_ms = np.full(len(visits.user), _NEVER, np.int64)
    change_ms[changes] = begin_ms[first_play[changes] + 1] + 500
    return np.where(change_ms < visits.start_ms + LONGEST_SESSION_MS, change_ms, _NEVER)


def day_quality(timeline: Timeline, population: Population) -> NDArray[np.float64]:
    """How bad each viewer's day was (about 0.5 on average, 0 is perfect), NaN for viewers who did not watch: what motivation feeds on."""
    plays, log, count = timeline.plays, timeline.log, population.count
    user = timeline.visits.user[plays.session]
    total = np.bincount(user, minlength=count).astype(np.float64)
    started = plays.start == Start.STARTED
    stalled = np.bincount(user, log.stall_ms, count)
    watched = np.bincount(user, log.played_ms + log.stall_ms, count)
    startup_s = np.bincount(user[started], plays.startup_ms[started] / 1000, count)
    starts = np.bincount(user[started], minlength=count)
    broken = np.bincount(user, (log.failed | (plays.start == Start.ABANDONED)).astype(np.float64), count)
    stall_share = stalled / np.maximum(watched, 1.0)
    waiting_s = np.maximum(startup_s / np.maximum(starts, 1) - 0.8, 0.0)
    badness = 200 * stall_share + 0.5 * waiting_s + 4 * broken / np.maximum(total, 1.0)
    return np.where(total > 0, badness, np.nan)
