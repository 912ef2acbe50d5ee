"""`playhead churn …`: retrain and score by hand, and look at the model in service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json
from playhead.cli_start import engine, settings

_RETRAIN_SHAPE = "an object: promoted, reason, challenger, score_date, model_version, users, …"
_SHOW_SHAPE = "an object: version and card (Markdown), both null while no model is in service"

app = typer.Typer(help="The churn model: retrain it, score with it, look at it.", no_args_is_help=True)


@app.command()
def retrain(
    run_id: Annotated[str, typer.Option(help="Name of the run; the moment of asking when left out.")] = "",
    as_json: Annotated[bool, json_option(_RETRAIN_SHAPE)] = False,
) -> None:
    """Train a challenger, promote it if it is better, and score.

    The same as the DAG retrain_churn: features, training, the held-out comparison, scores of every paid user.

    Examples:
      playhead churn retrain
    """
    from playhead.churn.registry import ChurnRegistry
    from playhead.jobs.churn import build_features, score, train_and_promote
    from playhead.jobs.run_context import RunContext

    values = settings()
    run = RunContext("retrain_churn", run_id or f"manual__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}")
    registry = ChurnRegistry(values.home / "mlflow")
    spark = engine(values.remote)
    built = build_features(spark, values.lake, run, horizon_days=values.churn_horizon_days)
    trained = train_and_promote(spark, values.lake, run, registry=registry)
    scored = score(spark, values.lake, run, registry=registry)
    if as_json:
        print_json({**trained, **scored})
        return
    table = Table(title=f"churn, {built['score_date']}", show_header=False)
    for name, value in {**trained, **scored}.items():
        table.add_row(name, "none" if value is None else str(value))
    answers.print(table)


@app.command()
def show(as_json: Annotated[bool, json_option(_SHOW_SHAPE)] = False) -> None:
    """Show the model card of the model in service.

    Examples:
      playhead churn show
    """
    from playhead.churn.registry import ChurnRegistry

    registry = ChurnRegistry(settings().home / "mlflow")
    champion = registry.champion()
    if as_json:
        print_json({"version": champion.version if champion else None, "card": champion.card if champion else None})
    elif champion is None:
        answers.print("no churn model is in service: the rule baseline scores; run `playhead churn retrain`")
    else:
        from rich.markdown import Markdown

        answers.print(f"[bold]{champion.version}[/], verified; all runs: mlflow ui --backend-store-uri {registry.uri}", soft_wrap=True)
        answers.print(Markdown(champion.card))
