"""`playhead demo`: the whole lakehouse, once through."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from playhead.cli_output import answers, json_option, print_json, words
from playhead.cli_start import settings

_SHAPE = "what .playhead/demo.json holds: the books, the views' first rows, the runs, the seconds"


def demo(
    users: Annotated[int, typer.Option(min=100, help="Simulated viewers.")] = 2000,
    days: Annotated[int, typer.Option(min=1, help="Simulated days up to yesterday.")] = 35,
    real_player: Annotated[bool, typer.Option(help="Let hls.js in Chromium watch a real stream too.")] = True,
    as_json: Annotated[bool, json_option(_SHAPE)] = False,
) -> None:
    """Run the whole lakehouse on real parts and show its answers.

    The stack stays up; `playhead down` stops it. Run again, it sends nothing twice and changes no number.

    Examples:
      playhead demo
      playhead demo --users 100 --days 6 --no-real-player
    """
    from playhead.cli_simulate import run_to_kafka, show_summary
    from playhead.cli_stack import bring_up
    from playhead.demo.run import REAL_PLAYS, run_demo
    from playhead.events.simulator import SimulationOptions

    values = settings()
    console = words if as_json else _wide_enough()
    result = run_demo(
        values,
        console,
        simulate=lambda: show_summary(run_to_kafka(SimulationOptions(users=users, days=days), values), console),
        bring_up=lambda: bring_up(values, unpause=False, console=console),
        real_plays=REAL_PLAYS if real_player else 0,
    )
    bring_up(values, console=console)
    if as_json:
        print_json(result.to_dict())


def _wide_enough() -> Console:
    """The terminal as it is; a file or a pipe gets lines wide enough for the tables."""
    return answers if answers.is_terminal else Console(width=120)
