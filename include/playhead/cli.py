"""The `playhead` command: grouped commands, one clear line for every error, exit code 1 for failures and 2 for wrong usage."""

from __future__ import annotations

import logging
import sys

import typer
from rich.console import Console

from playhead import (
    __version__,
    cli_alerts,
    cli_books,
    cli_build,
    cli_churn,
    cli_demo,
    cli_experiments,
    cli_live,
    cli_metrics,
    cli_player,
    cli_quality,
    cli_quarantine,
    cli_simulate,
    cli_stack,
    cli_warehouse,
)
from playhead.errors import PlayheadError

app = typer.Typer(
    help="Playhead: player events in through Kafka, trusted answers out of Snowflake BI views.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _version(value: bool) -> None:
    if value:
        Console().print(f"playhead {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version and exit."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Log what happens."),
) -> None:
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")


_STACK, _DATA, _ANSWERS = "The stack", "Data in", "Answers"
app.command(rich_help_panel=_STACK)(cli_demo.demo)
app.command(rich_help_panel=_STACK)(cli_stack.up)
app.command(rich_help_panel=_STACK)(cli_stack.down)
app.command(rich_help_panel=_STACK)(cli_stack.status)
app.command(rich_help_panel=_STACK)(cli_stack.logs)
app.command(rich_help_panel=_STACK)(cli_stack.doctor)
app.command(rich_help_panel=_STACK)(cli_metrics.metrics)
app.add_typer(cli_stack.topics, name="topics", rich_help_panel=_STACK)
app.command("simulate", rich_help_panel=_DATA)(cli_simulate.simulate)
app.command("play-real", rich_help_panel=_DATA)(cli_player.play_real)
app.add_typer(cli_quarantine.app, name="quarantine", rich_help_panel=_DATA)
app.add_typer(cli_build.build, name="build", rich_help_panel=_DATA)
app.add_typer(cli_build.contracts, name="contracts", rich_help_panel=_DATA)
app.command("accounts", rich_help_panel=_ANSWERS)(cli_books.accounts)
app.command("reconcile", rich_help_panel=_ANSWERS)(cli_books.reconcile)
app.command("gaps", rich_help_panel=_ANSWERS)(cli_books.gaps)
app.command("restatements", rich_help_panel=_ANSWERS)(cli_books.restatements)
app.command("quality", rich_help_panel=_ANSWERS)(cli_quality.quality)
app.command("experiments", rich_help_panel=_ANSWERS)(cli_experiments.experiments)
app.add_typer(cli_churn.app, name="churn", rich_help_panel=_ANSWERS)
app.add_typer(cli_alerts.app, name="alerts", rich_help_panel=_ANSWERS)
app.command("live", rich_help_panel=_ANSWERS)(cli_live.live)
app.command("query", rich_help_panel=_ANSWERS)(cli_warehouse.query)
app.command("views", rich_help_panel=_ANSWERS)(cli_warehouse.views)
app.command("load", rich_help_panel=_ANSWERS)(cli_warehouse.load)


def main() -> None:
    """Entry point: a PlayheadError becomes one line on standard error."""
    try:
        app()
    except PlayheadError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
