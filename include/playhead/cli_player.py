"""`playhead play-real`: a real player watches a real stream and reports to the collector."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json
from playhead.cli_start import settings

if TYPE_CHECKING:
    from playhead.player.play import MeasuredPlay

_SHAPE = "an array with an object for each play: playback_id, session_id, has_ended, startup_ms, stalls_ms, reports"


def play_real(
    plays: Annotated[int, typer.Option(min=1, max=100, help="How many; every second one stalls for real.")] = 2,
    as_json: Annotated[bool, json_option(_SHAPE)] = False,
) -> None:
    """Let a real player, hls.js in Chromium, watch a real stream.

    It reports CMCD v2 events to the collector. What the page measured itself is printed, to be compared with the QoE tables.

    Examples:
      playhead play-real --plays 4
    """
    from playhead.player.play import play

    values = settings()
    measured = play(
        plays,
        home=values.home,
        cache_dir=values.cache_dir,
        collector=f"http://127.0.0.1:{values.port('collector')}",
        port=values.port("player"),
    )
    if as_json:
        print_json([dataclasses.asdict(each) for each in measured])
    else:
        answers.print(_table(measured))


def _table(measured: list[MeasuredPlay]) -> Table:
    table = Table(title="Real plays, as the page measured them")
    for heading in ("play", "ended", "startup ms", "stalls", "stalled ms", "reports"):
        table.add_column(heading, justify="left" if heading == "play" else "right")
    for each in measured:
        table.add_row(
            each.playback_id,
            "yes" if each.has_ended else "no",
            f"{each.startup_ms:.0f}",
            str(len(each.stalls_ms)),
            f"{each.stalled_ms:.0f}",
            str(each.reports["sent"]),
        )
    return table
