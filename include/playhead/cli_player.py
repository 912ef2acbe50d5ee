"""`playhead play-real`: a real player watches a real stream and reports to the collector."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from playhead.player.play import MeasuredPlay, play
from playhead.settings import get_settings

app = typer.Typer()


@app.command("play-real")
def play_real(
    plays: Annotated[int, typer.Option(min=1, max=100, help="How many; every second one stalls for real.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print what the page measured as JSON.")] = False,
) -> None:
    """Play a stream with hls.js in headless Chromium; it reports CMCD v2 events to the collector.

    Prints what the page measured itself, to be compared with the QoE tables.
    """
    settings = get_settings()
    measured = play(
        plays,
        home=settings.home,
        cache_dir=settings.cache_dir,
        collector=f"http://127.0.0.1:{settings.port('collector')}",
        port=settings.port("player"),
    )
    console = Console()
    if as_json:
        console.print_json(json.dumps([dataclasses.asdict(each) for each in measured]))
    else:
        console.print(_table(measured))


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
