"""`playhead demo`: the whole lakehouse, once through."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from playhead.settings import get_settings


def demo(
    users: Annotated[int, typer.Option(min=100, help="Simulated viewers.")] = 2000,
    days: Annotated[int, typer.Option(min=1, help="Simulated days up to yesterday.")] = 35,
    real_player: Annotated[bool, typer.Option(help="Let hls.js in Chromium watch a real stream too.")] = True,
) -> None:
    """Run the whole lakehouse on real parts and show its answers; the stack stays up (`playhead down` stops it)."""
    from playhead.cli_simulate import simulate
    from playhead.cli_stack import bring_up
    from playhead.demo.run import REAL_PLAYS, run_demo

    settings = get_settings()
    run_demo(
        settings,
        _console(),
        simulate=lambda: simulate(users=users, days=days),
        bring_up=lambda: bring_up(settings, unpause=False),
        real_plays=REAL_PLAYS if real_player else 0,
    )
    bring_up(settings)


def _console() -> Console:
    """The terminal as it is; a file or a pipe gets lines wide enough for the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=120)
