"""The `playhead` command: commands by what one wants of the lakehouse. `errors.ExitCode` says how they end."""

from __future__ import annotations

import sys

import typer

from playhead import (
    __version__,
    cli_alerts,
    cli_backfill,
    cli_bi,
    cli_books,
    cli_build,
    cli_churn,
    cli_contracts,
    cli_deadlines,
    cli_demo,
    cli_digest,
    cli_experiments,
    cli_explain,
    cli_history,
    cli_live,
    cli_metrics,
    cli_page,
    cli_player,
    cli_prometheus,
    cli_quality,
    cli_quarantine,
    cli_recommend,
    cli_simulate,
    cli_stack,
    cli_topics,
    cli_warehouse,
)
from playhead.cli_errors import log_at, run
from playhead.errors import ExitCode

_CODES = "\n".join(f"  {code:>3}  {code.meaning}" for code in ExitCode)

app = typer.Typer(
    help="Playhead: player events in through Kafka, trusted answers out of Snowflake BI views.",
    epilog=f"[bold]Exit codes[/]\n{_CODES}\n\n[bold]Help[/]\n  playhead COMMAND --help shows examples; docs/cli.md has all on one page",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"playhead {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version and exit."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Log what happens."),
    debug: bool = typer.Option(False, "--debug", help="Log more, and show the traceback of an error."),
) -> None:
    log_at(verbose=verbose, debug=debug)


_RUN, _DATA, _BUILD, _ASK, _CHECK, _LOOK_UP = "Run it", "Send events in", "Build by hand", "Get answers", "Trust the answers", "Look it up"
app.command(rich_help_panel=_RUN)(cli_demo.demo)
app.command(rich_help_panel=_RUN)(cli_stack.up)
app.command(rich_help_panel=_RUN)(cli_stack.down)
app.command(rich_help_panel=_RUN)(cli_stack.status)
app.command(rich_help_panel=_RUN)(cli_stack.logs)
app.command(rich_help_panel=_RUN)(cli_stack.doctor)
app.command(rich_help_panel=_DATA)(cli_simulate.simulate)
app.command("play-real", rich_help_panel=_DATA)(cli_player.play_real)
app.add_typer(cli_topics.app, name="topics", rich_help_panel=_DATA)
app.add_typer(cli_quarantine.app, name="quarantine", rich_help_panel=_DATA)
app.command(rich_help_panel=_BUILD)(cli_backfill.backfill)
app.add_typer(cli_build.app, name="build", rich_help_panel=_BUILD)
app.command(rich_help_panel=_BUILD)(cli_warehouse.load)
app.add_typer(cli_churn.app, name="churn", rich_help_panel=_BUILD)
app.add_typer(cli_recommend.app, name="recommend", rich_help_panel=_BUILD)
app.command(rich_help_panel=_ASK)(cli_warehouse.query)
app.command(rich_help_panel=_ASK)(cli_warehouse.views)
app.command("bi-files", rich_help_panel=_ASK)(cli_bi.bi_files)
app.command(rich_help_panel=_ASK)(cli_explain.explain)
app.command(rich_help_panel=_ASK)(cli_history.plays)
app.command(rich_help_panel=_ASK)(cli_history.trace)
app.command(rich_help_panel=_ASK)(cli_live.live)
app.command(rich_help_panel=_ASK)(cli_experiments.experiments)
app.add_typer(cli_alerts.app, name="alerts", rich_help_panel=_ASK)
app.command(rich_help_panel=_CHECK)(cli_books.accounts)
app.command(rich_help_panel=_CHECK)(cli_books.reconcile)
app.command(rich_help_panel=_CHECK)(cli_quality.quality)
app.command(rich_help_panel=_CHECK)(cli_deadlines.deadlines)
app.command(rich_help_panel=_CHECK)(cli_digest.digest)
app.command(rich_help_panel=_CHECK)(cli_books.gaps)
app.command(rich_help_panel=_CHECK)(cli_books.restatements)
app.add_typer(cli_contracts.app, name="contracts", rich_help_panel=_LOOK_UP)
app.command(rich_help_panel=_LOOK_UP)(cli_metrics.metrics)
app.command(rich_help_panel=_LOOK_UP)(cli_prometheus.prometheus)
app.command(rich_help_panel=_LOOK_UP)(cli_page.reference)


def main() -> None:
    """Entry point."""
    sys.exit(run(app))


if __name__ == "__main__":
    main()
