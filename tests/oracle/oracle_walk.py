"""The oracle's plays: the clock of each is walked event by event. Written from DOMAIN.md sections 1 and 4; nothing of playhead is read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any

import duckdb
import pyarrow as pa
from oracle_validity import VIDEO, words

DAY_MS = 86_400_000
SEEK_WAIT_MS = 2_000
DESCRIBED = ("country", "region", "app_version", "content_title", "content_type", "content_genre", "connection_type", "ab_test_variant")
TERMINAL = ("video_stop", "video_complete")
COUNTED = {"errors": "video_error", "pauses": "video_pause", "seeks": "video_seek", "quality_changes": "video_quality_change"}
# What happens first where a player reports two things at one instant.
ORDER = words("video_play video_quality_change video_seek video_buffer video_error video_pause video_complete video_stop")


def plays_table(db: duckdb.DuckDBPyConnection) -> pa.Table:
    """All plays, each walked event by event."""
    rank = " ".join(f"WHEN '{event_type}' THEN {place}" for place, event_type in enumerate(ORDER))
    ordered = db.execute(
        "SELECT playback_id, event_type, at_ms, device_id, user_id, device_type, platform, cdn, player, content_id, duration_s, "
        f"position_s, startup_ms, stall_ms, bitrate_kbps, dropped, fatal, {', '.join(DESCRIBED)} FROM once WHERE event_type IN {VIDEO} "
        f"ORDER BY playback_id, at_ms, CASE event_type {rank} END, event_id"
    )
    names = [column[0] for column in ordered.description or []]
    rows = (dict(zip(names, row, strict=True)) for batch in iter(lambda: ordered.fetchmany(50_000), []) for row in batch)
    plays = [walk(play) for _, events in groupby(rows, key=lambda e: e["playback_id"]) for play in spans(list(events))]
    return pa.Table.from_pylist(plays, schema=PLAY_SCHEMA)


def spans(events: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Events of one id in order, cut where it was silent for 24 h; what comes later than 24 h after a start is left out."""
    found: list[list[dict[str, Any]]] = []
    previous_ms = None
    for event in events:
        if previous_ms is None or event["at_ms"] - previous_ms >= DAY_MS:
            found.append([])
        previous_ms = event["at_ms"]
        if not found[-1] or event["at_ms"] - found[-1][0]["at_ms"] <= DAY_MS:
            found[-1].append(event)
    return found


def is_end(event: dict[str, Any]) -> bool:
    """The event ends its play."""
    return event["event_type"] in TERMINAL or (event["event_type"] == "video_error" and bool(event["fatal"]))


def walk(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One play by CTA-2066: its clock is cut at every event and at the end of every wait, and each piece is one kind of time.

    In a piece, startup goes before a seek wait, a seek wait before a stall, a stall before time on screen.
    """
    startup_ms = next((e["startup_ms"] for e in events if e["startup_ms"] is not None), None)
    started = startup_ms is not None or _playhead_moved(events)
    sums = dict.fromkeys(("watched_ms", "played_ms", "paused_ms", "stall_ms", "stalls", "seek_ms", "media_bits", "media_ms"), 0)
    state, waits, bitrate, ended_ms = _first_state(events), list[tuple[int, str]](), None, 0
    for event, following in zip(events, [*events[1:], None], strict=True):
        at, kind = event["at_ms"], event["event_type"]
        bitrate = event["bitrate_kbps"] if event["bitrate_kbps"] is not None else bitrate
        is_echo = state == "over" and kind != "video_play"
        if kind == "video_play":
            state, waits = "playing", []
        elif is_end(event) and (state != "unasked"):
            state = "over"
        elif kind == "video_pause" and state == "playing":
            state = "paused"
        startup_left = (startup_ms or 0) - sums["watched_ms"]
        if kind == "video_buffer" and state == "playing":
            waits.append((at + event["stall_ms"], "seek" if _follows_seek(events, event) else "stall"))
            is_stall = waits[-1][1] == "stall" and started and (startup_left <= 0 or event["stall_ms"] > startup_left)
            sums["stalls"] += is_stall
        if following is not None:
            until = following["at_ms"]
        else:
            until = min(at + event["stall_ms"], events[0]["at_ms"] + DAY_MS) if kind == "video_buffer" and state == "playing" else at
        if not is_echo:
            ended_ms = at if following is not None else until
        if state == "paused":
            sums["paused_ms"] += until - at
        elif state == "playing":
            first_frame = at + max(0, startup_left) if started else until
            _paint(sums, at, until, first_frame, waits, bitrate)
    return _play_row(events, sums | {"ended_ms": ended_ms}, startup_ms, started)


def _paint(sums: dict[str, int], at: int, until: int, first_frame: int, waits: list[tuple[int, str]], bitrate: int | None) -> None:
    """Add each piece of [at, until) to its kind of time."""
    cuts = sorted({at, until, *(t for t in (first_frame, *(end for end, _ in waits)) if at < t < until)})
    for start, end in pairwise(cuts):
        length = end - start
        sums["watched_ms"] += length
        active = {kind for wait_end, kind in waits if wait_end > start}
        if start < first_frame:
            continue
        if "seek" in active:
            sums["seek_ms"] += length
        elif "stall" in active:
            sums["stall_ms"] += length
        else:
            sums["played_ms"] += length
            if bitrate is not None:
                sums["media_ms"] += length
                sums["media_bits"] += length * bitrate


def _first_state(events: Sequence[dict[str, Any]]) -> str:
    """A player that reports before it is asked to play has not begun; one whose request was lost has."""
    quiet = ("video_quality_change", "video_error")
    control = next((e["event_type"] for e in events if e["event_type"] not in quiet or is_end(e)), None)
    return "unasked" if control == "video_play" else "playing"


def _follows_seek(events: Sequence[dict[str, Any]], event: dict[str, Any]) -> bool:
    place = next(i for i, each in enumerate(events) if each is event)
    return place > 0 and events[place - 1]["event_type"] == "video_seek" and event["at_ms"] - events[place - 1]["at_ms"] <= SEEK_WAIT_MS


def _playhead_moved(events: Sequence[dict[str, Any]]) -> bool:
    first = events[0]
    if first["event_type"] not in ("video_play", "video_seek") and first["position_s"] > 0:
        return True  # the request was lost, and the title is under way
    return any(
        here["position_s"] > before["position_s"] and "video_seek" not in (here["event_type"], before["event_type"])
        for before, here in pairwise(events)
    )


def _play_row(events: Sequence[dict[str, Any]], sums: dict[str, int], startup_ms: int | None, started: bool) -> dict[str, Any]:
    first = events[0]
    bitrates = [e["bitrate_kbps"] for e in events if e["bitrate_kbps"] is not None]
    failed = any(e["event_type"] == "video_error" and e["fatal"] for e in events)
    told = ("user_id", "cdn", "player", "country", "region", "content_genre", "connection_type", "ab_test_variant")
    known = {name: next((e.get(name) for e in events if e.get(name) is not None), None) for name in told}
    completed = any(e["event_type"] == "video_complete" for e in events)
    completed |= max(e["position_s"] for e in events) * 100 >= first["duration_s"] * 95
    return {
        "started_ms": first["at_ms"],
        "viewer": known["user_id"] or first["device_id"],
        **{name: first[name] for name in ("platform", "device_type", "content_id")},
        **{name: known[name] or "unknown" for name in ("cdn", "player")},
        **{name: known[name] for name in ("user_id", "country", "region", "content_genre", "connection_type", "ab_test_variant")},
        **{name: first.get(name) for name in ("playback_id", "app_version", "content_title", "content_type", "duration_s")},
        **sums,
        "startup_ms": startup_ms,
        "started": started,
        "failed": failed,
        "ended": any(is_end(e) for e in events),
        "completed": completed,
        "furthest_s": max(e["position_s"] for e in events),
        **{name: sum(e["event_type"] == event_type for e in events) for name, event_type in COUNTED.items()},
        "upshifts": sum(before < after for before, after in pairwise(bitrates)),
        "downshifts": sum(before > after for before, after in pairwise(bitrates)),
        "events": len(events),
        "dropped": sum(e["dropped"] or 0 for e in events),
    }


PLAY_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("viewer", "platform", "device_type", "content_id", "cdn", "player", "user_id", "playback_id")]
    + [(name, pa.string()) for name in DESCRIBED]
    + [(name, pa.int64()) for name in ("duration_s", "furthest_s")]
    + [(name, pa.bool_()) for name in ("started", "failed", "ended", "completed")]
    + [(name, pa.int64()) for name in ("started_ms", "startup_ms", "watched_ms", "played_ms", "stall_ms", "stalls", "seek_ms")]
    + [
        (name, pa.int64())
        for name in ("media_bits", "media_ms", "dropped", "paused_ms", "ended_ms", "events", "upshifts", "downshifts", *COUNTED)
    ]
)
