"""What happens inside the plays of a day, segment by segment (DOMAIN section 5), for all plays at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from playhead.events.simulator.places import VIDEO_ERRORS
from playhead.events.simulator.visits import Plays, Start

Rows = NDArray[np.int64]

_SEGMENT_MS = (30_000, 300_000)
_PAUSE, _SEEK, _STALL, _QUALITY = 0.10, 0.05, 0.02, 0.03
_ERROR, _FATAL, _VANISH = 0.003, 0.0012, 0.001
# Chance of a mid-roll per segment, by tier (free, basic, premium, enterprise).
_MID_ROLL = np.array([0.10, 0.05, 0.0, 0.0])
# Rebuffering of 1 % of the duration costs 5 % of play time (IMC 2012): a stall makes the viewer leave with this multiple of its share of
# the duration. Twice 5, because on average half of the play is over when a stall strikes.
_STALL_COST = 10.0
# A mid-roll pauses the title for as long as the longest ad takes.
AD_BREAK_MS = 31_000
_LONGEST_PAUSE_MS = 1_200_000
_MAX_SEGMENTS = 400


class Kind(IntEnum):
    """What the log of plays knows; MID_ROLL becomes ad events, the others video events."""

    PLAY = 0
    RESUME = 1
    PAUSE = 2
    SEEK = 3
    STALL = 4
    QUALITY = 5
    ERROR = 6
    FATAL = 7
    STOP = 8
    COMPLETE = 9
    MID_ROLL = 10


@dataclass(frozen=True, slots=True)
class PlayLog:
    """Everything that happened in the plays, in columns; `at_ms` counts from the playback request.

    `first` and `second` are the stall's length (STALL), from and to positions (SEEK), the error's number (ERROR, FATAL).
    """

    kind: NDArray[np.int64]
    play: NDArray[np.int64]
    at_ms: NDArray[np.int64]
    position_ms: NDArray[np.int64]
    rung: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    # per play
    length_ms: NDArray[np.int64]
    stall_ms: NDArray[np.int64]
    played_ms: NDArray[np.int64]
    failed: NDArray[np.bool_]
    completed: NDArray[np.bool_]


@dataclass(slots=True)
class _Run:
    """The plays under way: clock (since the request), playhead, rendition, and the log so far."""

    plays: Plays
    random: np.random.Generator
    clock: Rows
    position: Rows
    rung: Rows
    played: Rows
    stalled: Rows
    failed: NDArray[np.bool_]
    completed: NDArray[np.bool_]
    parts: list[tuple[Rows, ...]] = field(default_factory=list)

    def log(self, kind: Kind, rows: Rows, first: Rows | None = None, second: Rows | None = None) -> None:
        zeros = np.zeros(len(rows), np.int64)
        self.parts.append(
            (
                np.full(len(rows), int(kind), np.int64),
                rows,
                self.clock[rows],
                self.position[rows],
                self.rung[rows],
                zeros if first is None else first,
                zeros if second is None else second,
            )
        )

    def chance(self, rows: Rows, probability: float | NDArray[np.float64]) -> Rows:
        """Those rows that the dice pick."""
        return rows[self.random.random(len(rows)) < probability]

    def go_on(self, rows: Rows, milliseconds: int = 200) -> None:
        """Plays a moment, so that two events of a play never share an instant."""
        self.clock[rows] += milliseconds


def run_plays(plays: Plays, random: np.random.Generator) -> PlayLog:
    """Plays every play to its end: completed, stopped, failed, or vanished without a word."""
    count = len(plays.session)
    run = _Run(
        plays,
        random,
        plays.startup_ms.copy(),
        np.zeros(count, np.int64),
        plays.rung.copy(),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, bool),
        np.zeros(count, bool),
    )
    _request(run)
    goal = (plays.duration_ms * random.uniform(0.95, 1.0, count)).astype(np.int64)
    active = np.flatnonzero(plays.start == Start.STARTED)
    for _ in range(_MAX_SEGMENTS):
        if not len(active):
            break
        active = _segment(run, active, goal)
    run.log(Kind.STOP, active)
    kind, play, at_ms, position_ms, rung, first, second = (np.concatenate(column) for column in zip(*run.parts, strict=True))
    return PlayLog(kind, play, at_ms, position_ms, rung, first, second, run.clock, run.stalled, run.played, run.failed, run.completed)


def _request(run: _Run) -> None:
    """The playback requests, and the ends of those plays that never start."""
    everyone = np.arange(len(run.plays.session))
    first_frame = run.clock
    run.clock = np.zeros_like(first_frame)
    run.log(Kind.PLAY, everyone)
    run.clock = first_frame
    run.log(Kind.STOP, np.flatnonzero(run.plays.start == Start.ABANDONED))
    _fail(run, np.flatnonzero(run.plays.start == Start.FAILED))


def _segment(run: _Run, active: Rows, goal: Rows) -> Rows:
    """One watch segment of 30-300 s of each active play, and what happens at its end; returns the plays that go on."""
    length = run.random.integers(_SEGMENT_MS[0], _SEGMENT_MS[1] + 1, len(active))
    left = np.minimum(goal[active] - run.position[active], run.plays.budget_ms[active] - run.played[active])
    length = np.minimum(length, np.maximum(left, 1000))
    run.clock[active] += length
    run.played[active] += length
    run.position[active] = np.minimum(run.position[active] + length, goal[active])
    done = run.position[active] >= goal[active]
    _complete(run, active[done], goal)
    active = active[~done]
    fatal = run.random.random(len(active)) < np.minimum(_FATAL * run.plays.network[active], 0.1)
    _fail(run, active[fatal])
    active = active[~fatal]
    active = active[run.random.random(len(active)) >= _VANISH]
    active = _stall(run, active)
    _change_quality(run, active)
    _small_error(run, active)
    active = _decide(run, active)
    _seek(run, active, goal)
    _pause(run, active)
    _ad_break(run, active)
    return active


def _complete(run: _Run, rows: Rows, goal: Rows) -> None:
    # The reported playhead is in whole seconds: round up, so that it shows at least 95 %.
    run.position[rows] = np.minimum(-(-goal[rows] // 1000) * 1000, run.plays.duration_ms[rows])
    run.completed[rows] = True
    run.log(Kind.COMPLETE, rows)


def _fail(run: _Run, rows: Rows) -> None:
    run.failed[rows] = True
    run.log(Kind.FATAL, rows, run.random.integers(0, len(VIDEO_ERRORS), len(rows)))


def _stall(run: _Run, active: Rows) -> Rows:
    """Stalls of 1-10 s, more on bad networks; a viewer who lost patience leaves. Returns the plays that go on."""
    rows = run.chance(active, np.minimum(_STALL * run.plays.network[active], 0.5))
    length = run.random.integers(1000, 10_001, len(rows))
    run.log(Kind.STALL, rows, length)
    run.clock[rows] += length
    run.stalled[rows] += length
    run.go_on(rows)
    gives_up = run.random.random(len(rows)) < np.minimum(_STALL_COST * length / run.plays.duration_ms[rows], 0.95)
    run.log(Kind.STOP, rows[gives_up])
    return np.setdiff1d(active, rows[gives_up], assume_unique=True)


def _change_quality(run: _Run, active: Rows) -> None:
    rows = run.chance(active, _QUALITY)
    step = np.where(run.random.random(len(rows)) < 0.5, 1, -1)
    changed = np.clip(run.rung[rows] + step, 0, run.plays.best_rung[rows])
    rows, changed = rows[changed != run.rung[rows]], changed[changed != run.rung[rows]]
    run.rung[rows] = changed
    run.log(Kind.QUALITY, rows)
    run.go_on(rows)


def _small_error(run: _Run, active: Rows) -> None:
    rows = run.chance(active, _ERROR)
    run.log(Kind.ERROR, rows, run.random.integers(0, len(VIDEO_ERRORS), len(rows)))
    run.go_on(rows)


def _decide(run: _Run, active: Rows) -> Rows:
    """The viewer goes on with p = max(.1, 1 - .7 * position / duration), while the time they meant to spend lasts."""
    share = run.position[active] / run.plays.duration_ms[active]
    stays = run.random.random(len(active)) < np.maximum(0.1, 1 - 0.7 * share)
    stays &= run.played[active] < run.plays.budget_ms[active]
    run.log(Kind.STOP, active[~stays])
    return active[stays]


def _seek(run: _Run, active: Rows, goal: Rows) -> None:
    """Jumps of the playhead; every other one has to wait for data, which is a seek wait and not a stall."""
    rows = run.chance(active, _SEEK)
    start = run.position[rows]
    jump = run.random.normal(0.05, 0.1, len(rows)) * run.plays.duration_ms[rows]
    target = np.clip(start + jump, 0, np.maximum(goal[rows] * 0.9, 0)).astype(np.int64)
    run.log(Kind.SEEK, rows, start, target)
    run.position[rows] = target
    run.go_on(rows)
    waits = run.chance(rows, 0.5)
    length = run.random.integers(200, 2001, len(waits))
    run.log(Kind.STALL, waits, length)
    run.clock[waits] += length
    # Beyond the 2 s in which a wait still counts as the seek's own.
    run.go_on(rows, 2500)


def _pause(run: _Run, active: Rows) -> None:
    rows = run.chance(active, _PAUSE)
    length = np.minimum(run.random.exponential(60_000, len(rows)) + 1000, _LONGEST_PAUSE_MS).astype(np.int64)
    run.log(Kind.PAUSE, rows)
    run.clock[rows] += length
    run.log(Kind.RESUME, rows)
    run.go_on(rows)


def _ad_break(run: _Run, active: Rows) -> None:
    """A mid-roll pauses the title, so that the ad is no watched time of the play."""
    rows = run.chance(active, _MID_ROLL[run.plays.tier[active]])
    run.log(Kind.PAUSE, rows)
    run.go_on(rows)
    run.log(Kind.MID_ROLL, rows)
    run.clock[rows] += AD_BREAK_MS
    run.log(Kind.RESUME, rows)
    run.go_on(rows)
