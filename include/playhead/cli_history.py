"""`playhead plays` and `playhead trace`: what one viewer did, play by play and event by event."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json, words
from playhead.cli_start import settings

_PLAYS_SHAPE = (
    "an array with the columns of silver.playbacks, is_valid_play, progress_pct, played_pct and counts of ads by what became of them; "
    "the newest first"
)
_TRACE_SHAPE = "an object: sessions (columns of silver.sessions), events (what each tells), is_cut_off"
_MS_PER_S = 1000
# What the line of an event says already, or what is the same all along.
_NOT_SHOWN = frozenset(
    {
        *("event_id", "event_type", "event_timestamp", "event_date", "event_hour", "received_at", "viewer_id", "user_id", "session_id"),
        *("device_id", "device_type", "platform", "app_version", "country", "region", "ab_test_variant", "content_type"),
    }
)


def plays(
    viewer_id: Annotated[str, typer.Argument(metavar="VIEWER", help="user_id of who was signed in, else device_id.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days.")] = 7,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last of them; by default the newest.")] = None,
    as_json: Annotated[bool, json_option(_PLAYS_SHAPE)] = False,
) -> None:
    """Show the plays of a viewer, the newest first.

    How each went, how much of the title was played, and the ads within it. `playhead trace SESSION` shows the events behind them.

    Examples:
      playhead plays sim-user-000042
      playhead plays sim-user-000042 --days 30 --json
    """
    from playhead.history.plays import MOST_PLAYS, plays_of

    rows = plays_of(settings().lake, viewer_id, days=days, last=last.date() if last else None)
    if as_json:
        print_json(rows)
        return
    if not rows:
        when = f" in the {days} days up to {last:%Y-%m-%d}" if last else ""
        answers.print(f"{escape(viewer_id)} played nothing{when}; ids are those of V_RECOMMENDATIONS and V_CHURN_RISK", highlight=False)
        return
    table = Table(title=f"{escape(viewer_id)}: {len(rows):,} plays", title_justify="left")
    for name, is_narrow in {"began": True, "title": False, "how it went": False, "played": True, "of it": True, "session": False}.items():
        table.add_column(name, justify="right" if name in {"played", "of it"} else "left", overflow="fold", no_wrap=is_narrow)
    for row in rows:
        table.add_row(*_play_cells(row))
    answers.print(table)
    if len(rows) == MOST_PLAYS:
        words.print(f"the newest {MOST_PLAYS:,}; choose fewer days to see older ones")


def trace(
    session_id: Annotated[str, typer.Argument(metavar="SESSION", help="Of `playhead plays`, or of an event.")],
    as_json: Annotated[bool, json_option(_TRACE_SHAPE)] = False,
) -> None:
    """Show all that was reported of a session, in order.

    Visits, plays, interactions and ads by event time, with what each event tells.

    Examples:
      playhead trace 5b0c3f4e-7a52-4a3c-9c1d-0f2b6d1e8a90
      playhead trace 5b0c3f4e-7a52-4a3c-9c1d-0f2b6d1e8a90 --json
    """
    from dataclasses import asdict

    from playhead.history.sessions import MOST_EVENTS, trace_session

    found = trace_session(settings().lake, session_id)
    if as_json:
        print_json(asdict(found))
        return
    if not found.sessions:
        answers.print(
            f"nobody has seen a session {escape(session_id)}; `playhead plays VIEWER` tells the sessions of a viewer", highlight=False
        )
        return
    session = found.sessions[-1]
    who = f"{escape(session['viewer_id'])}, {session['platform']}, {session['started_at']:%Y-%m-%d %H:%M:%S} UTC"
    table = Table(title=f"{who}: {len(found.events):,} events", title_justify="left")
    table.add_column("after s", justify="right")
    table.add_column("event")
    table.add_column("tells", overflow="fold")
    began = found.sessions[0]["started_at"]
    for event in found.events:
        told = ", ".join(f"{name} {value}" for name, value in event.items() if name not in _NOT_SHOWN)
        table.add_row(f"{(event['event_timestamp'] - began).total_seconds():,.1f}", event["event_type"], escape(told))
    answers.print(table)
    if found.is_cut_off:
        words.print(f"the first {MOST_EVENTS:,} events; there are more")


def _play_cells(row: dict[str, Any]) -> list[str]:
    told = {
        "started after {:,.1f} s": (row["startup_ms"] or 0) / _MS_PER_S,
        "stalled {:,.1f} s": row["stall_ms"] / _MS_PER_S,
        "{:,} ads": row["ad_impressions_count"],
    }
    minutes, seconds = divmod(row["played_ms"] // _MS_PER_S, 60)
    return [
        f"{row['started_at']:%m-%d %H:%M}",
        escape(row["content_title"]),
        ", ".join([_verdict(row), *(text.format(count) for text, count in told.items() if count)]),
        f"{minutes:,}:{seconds:02}",
        "-" if row["progress_pct"] is None else f"{row['progress_pct']:.0f} %",
        escape(row["session_id"]),
    ]


def _verdict(row: dict[str, Any]) -> str:
    """How a play went, in words: the first of these that it was."""
    told = {
        "failed at start-up": row["is_startup_failure"],
        "left before it started": row["is_exit_before_start"],
        "failed": row["is_failed"],
        "completed": row["is_completed"],
        "under half a minute": not row["is_valid_play"],
    }
    return next((what for what, is_so in told.items() if is_so), "watched")
