"""What happens inside plays: the play semantics that QoE rests on, and the two calibrated effects of Krishnan & Sitaraman (2012)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from playhead.events.simulator import playing
from playhead.events.simulator.playing import Kind, PlayLog, run_plays
from playhead.events.simulator.visits import Plays, Start, abandonment

COUNT = 4000


def some_plays(count: int = COUNT, duration_s: int = 2700, network: float = 1.0, tier: int = 0) -> Plays:
    zeros = np.zeros(count, np.int64)
    return Plays(
        session=np.arange(count),
        title=zeros,
        duration_ms=np.full(count, duration_s * 1000, np.int64),
        budget_ms=np.full(count, 4 * 3_600_000, np.int64),
        network=np.full(count, network),
        start=zeros,
        startup_ms=np.full(count, 900, np.int64),
        rung=np.full(count, 3, np.int64),
        best_rung=np.full(count, 5, np.int64),
        tier=zeros + tier,
        audio=zeros,
    )


def play_all(plays: Plays, seed: int = 3) -> PlayLog:
    return run_plays(plays, np.random.default_rng(seed))


def in_order(log: PlayLog) -> np.ndarray:
    return np.lexsort((log.at_ms, log.play))


def test_plays__no_two_events_of_a_play_share_an_instant() -> None:
    log = play_all(some_plays())
    order = in_order(log)
    same_play = np.diff(log.play[order]) == 0
    assert (np.diff(log.at_ms[order])[same_play] > 0).all()


def test_plays__nothing_happens_during_a_stall() -> None:
    log = play_all(some_plays(network=8.0))
    order = in_order(log)
    kind, at_ms, length = log.kind[order], log.at_ms[order], log.first[order]
    stalls = np.flatnonzero((kind[:-1] == Kind.STALL) & (np.diff(log.play[order]) == 0))
    assert len(stalls) > 1000
    assert (at_ms[stalls + 1] >= at_ms[stalls] + length[stalls]).all()


def test_plays__a_wait_within_two_seconds_of_a_seek_is_the_seeks_own() -> None:
    """A stall that is no seek wait never follows a seek within 2 s, or QoE would take it for one."""
    log = play_all(some_plays(network=8.0))
    order = in_order(log)
    kind, at_ms = log.kind[order], log.at_ms[order]
    seeks = np.flatnonzero((kind[:-1] == Kind.SEEK) & (np.diff(log.play[order]) == 0))
    gap = at_ms[seeks + 1] - at_ms[seeks]
    waits = kind[seeks + 1] == Kind.STALL
    # a seek's own wait comes 0.2 s after it; whatever else follows comes after 2 s
    assert set(np.unique(gap[waits & (gap <= 2000)])) == {200}
    assert (gap[gap != 200] > 2000).all()
    # the stalls that count are those the run itself counted
    own = np.zeros(len(kind), bool)
    own[seeks[gap == 200] + 1] = True
    counted = (kind == Kind.STALL) & ~own
    assert log.first[order][counted].sum() == log.stall_ms.sum()


def test_plays__complete_means_at_least_95_percent_and_never_beyond_the_end() -> None:
    plays = some_plays(duration_s=61)
    log = play_all(plays)
    completes = log.kind == Kind.COMPLETE
    assert completes.sum() > 100
    assert (log.position_ms[completes] // 1000 >= 0.95 * 61).all()
    assert (log.position_ms <= 61_000).all()
    assert (np.flatnonzero(log.completed) == np.sort(log.play[completes])).all()


def test_plays__each_ends_at_most_once_and_few_vanish() -> None:
    log = play_all(some_plays())
    ends = np.bincount(log.play[np.isin(log.kind, [Kind.STOP, Kind.COMPLETE, Kind.FATAL])], minlength=COUNT)
    assert ends.max() == 1
    assert 0 < (ends == 0).mean() < 0.03
    order = in_order(log)
    last_of_play = np.flatnonzero(np.append(np.diff(log.play[order]) > 0, True))
    assert np.isin(log.kind[order][last_of_play], [Kind.STOP, Kind.COMPLETE, Kind.FATAL]).sum() == (ends == 1).sum()


def test_plays__that_never_start_have_a_request_and_an_end() -> None:
    start = np.array([Start.ABANDONED, Start.FAILED, Start.STARTED], np.int64)
    log = play_all(replace(some_plays(3), start=start, startup_ms=np.array([3000, 5000, 700])))
    happened = [(Kind(k).name, int(t)) for k, p, t in zip(log.kind, log.play, log.at_ms, strict=True) if p in (0, 1)]
    assert sorted(happened) == [("FATAL", 5000), ("PLAY", 0), ("PLAY", 0), ("STOP", 3000)]
    assert log.failed.tolist()[:2] == [False, True]


def test_plays__every_pause_is_followed_by_a_resume() -> None:
    log = play_all(some_plays())
    kinds = log.kind[in_order(log)]
    pauses = np.flatnonzero(kinds == Kind.PAUSE)
    following = np.where(kinds[pauses + 1] == Kind.MID_ROLL, kinds[pauses + 2], kinds[pauses + 1])
    assert len(pauses) > 1000
    assert (following == Kind.RESUME).all()


def test_plays__paid_tiers_above_basic_have_no_mid_roll() -> None:
    assert (play_all(some_plays(tier=0)).kind == Kind.MID_ROLL).any()
    assert not (play_all(some_plays(tier=2)).kind == Kind.MID_ROLL).any()


@pytest.mark.parametrize(("startup_ms", "probability"), [(400, 0.0), (2000, 0.0), (3000, 0.058), (12_000, 0.58), (40_000, 1.0)])
def test_abandonment__begins_at_2_s_and_adds_58_permille_a_second(startup_ms: int, probability: float) -> None:
    assert abandonment(np.array([startup_ms]))[0] == pytest.approx(probability)


def test_stalls__rebuffering_of_1_percent_costs_5_percent_of_play_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same plays with patient viewers and with real ones: lost play time per percent of rebuffering, averaged over many plays."""
    plays = some_plays(40_000, duration_s=600, network=4.0)
    real = play_all(plays)
    monkeypatch.setattr(playing, "_STALL_COST", 0.0)
    patient = play_all(plays, seed=4)
    lost = 1 - real.played_ms.mean() / patient.played_ms.mean()
    rebuffered = (patient.stall_ms / plays.duration_ms).mean()
    assert lost / rebuffered == pytest.approx(5.0, abs=2.5)
