"""The oracle, DuckDB and a walk over each play, conforms; with one definition changed it does not, and the cases about it say so."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
import oracle_walk
from quality_view import ratios_of

from conformance import Case, disagreements, load_cases, write_events
from oracle import oracle_plays, oracle_views

CASES = {case.name: case for case in load_cases()}
AS_OF = date(2026, 11, 25)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases' events as they arrive, in the file that the oracle reads."""
    return write_events(tmp_path_factory.mktemp("events") / "video_events.jsonl")


def _facts(play: dict[str, Any], case: Case) -> dict[str, Any]:
    told = {name: play[name] for name in ("started", "ended", "failed", "completed", "stalls", "seeks", "pauses", "quality_changes")}
    seconds = {"startup": "startup", "watched": "watched", "played": "played", "paused": "paused", "stalled": "stall", "seek_wait": "seek"}
    told |= {f"{name}_s": play[f"{column}_ms"] and play[f"{column}_ms"] / 1000 for name, column in seconds.items()}
    start_ms = case.start.timestamp() * 1000
    return told | {
        "failed_before_start": play["failed"] and not play["started"],
        "left_before_start": not play["failed"] and not play["started"],
        "kilobits_played": play["media_bits"] / 1000,
        "media_s": play["media_ms"] / 1000,
        "furthest_s": play["furthest_s"],
        "errors": play["errors"],
        "events": play["events"],
        "ended_at": (play["ended_ms"] - start_ms) / 1000,
        "hour": f"{play['day']}T{play['started_ms'] // 3_600_000 % 24:02}:00:00Z",
    }


def _found(events: Path, change: tuple[str, str, str] | None = None) -> dict[str, dict[str, tuple[Any, Any]]]:
    """What the oracle finds otherwise, by case; nothing where it conforms."""
    walked = oracle_plays([events])
    plays = {play["playback_id"]: play for play in walked}
    assert len(plays) == len(walked)
    rows = {row["PLAYER"]: row for row in oracle_views([events], AS_OF, change)["V_PLATFORM_QUALITY"]}
    found = {
        name: (disagreements(_facts(plays[name], case), case.play) if case.play else {}) | disagreements(ratios_of(rows[name]), case.ratios)
        for name, case in CASES.items()
    }
    return {name: differing for name, differing in found.items() if differing}


@pytest.fixture(scope="module")
def found(events: Path) -> dict[str, dict[str, tuple[Any, Any]]]:
    return _found(events)


@pytest.mark.parametrize("name", CASES)
def test_oracle_conforms(found: dict[str, dict[str, tuple[Any, Any]]], name: str) -> None:
    assert found.get(name, {}) == {}


@pytest.mark.parametrize(
    ("right", "wrong", "ratio", "case"),
    [
        ("STALL_MS * 100.0::DOUBLE / nullif(WATCHED_MS, 0)", "STALL_MS * 100.0::DOUBLE / nullif(PLAYED_MS, 0)",
         "stalled_time_pct", "stalled_time_is_a_ratio_of_sums"),
        ("nullif(PLAYED_MS + STALL_MS, 0)", "nullif(PLAYED_MS + STALL_MS + SEEK_MS, 0)", "rebuffering_pct", "one_of_everything"),
        ("nullif(ENDED_AFTER_START, 0)", "nullif(ENDED, 0)", "vpf_pct", "shares_of_attempts_and_of_ended_plays"),
        ("EXITS_BEFORE_START * 100.0", "(PLAYS - STARTED) * 100.0", "ebvs_pct", "fatal_error_before_start"),
        ("avg(startup_ms)", "sum(startup_ms) / count(*)", "startup_mean_s", "mean_startup_leaves_out_who_never_started"),
        ("MEDIA_BITS::DOUBLE / nullif(MEDIA_MS, 0)", "MEDIA_BITS::DOUBLE / nullif(PLAYED_MS, 0)",
         "average_bitrate_kbps", "bitrate_unknown_at_first"),
        ("watched_ms >= 1000 THEN 50", "true THEN 50", "playback_success_score", "success_of_an_exit_within_a_second"),
        ("exp(-10 *", "exp(-5 *", "smoothness_score", "smoothness_of_four_long_stalls"),
        ("// (2 * (8000 + startup_ms))", "// (2 * (10000 + startup_ms))", "startup_score", "startup_score_after_2_s"),
    ],
)  # fmt: skip
def test_a_ratio_told_wrong_is_seen(events: Path, right: str, wrong: str, ratio: str, case: str) -> None:
    """Negative control: that ratio differs, in the case about it too, and nothing else does."""
    found = _found(events, ("V_PLATFORM_QUALITY", right, wrong))
    assert ratio in found[case]
    assert {name for differing in found.values() for name in differing} == {ratio}


def test_a_clock_told_wrong_is_seen(events: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: where every wait is a stall, seeks make stalls; startup, pauses and ends stay as they are."""
    monkeypatch.setattr(oracle_walk, "SEEK_WAIT_MS", -1)
    found = _found(events)
    assert {"seek_wait_is_no_stall", "seek_during_a_stall", "one_of_everything"} <= set(found)
    assert found["seek_wait_is_no_stall"] == {"seek_wait_s": (0, 3), "stalled_s": (7, 4), "stalls": (2, 1)}
    assert not {name for differing in found.values() for name in differing} & {"startup_s", "watched_s", "paused_s", "ended_at"}
