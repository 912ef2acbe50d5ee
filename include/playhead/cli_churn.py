"""`playhead churn …`: retrain and score by hand, and look at the model in service."""

from __future__ import annotations

from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from playhead.settings import get_settings

app = typer.Typer(help="Churn: retrain, score, and look at the model in service.", no_args_is_help=True)


@app.command()
def retrain(
    run_id: str = typer.Option("", help="Name of the run; the moment of asking when left out."),
) -> None:
    """Build features, train a challenger, promote it if it is better, and score every paid user."""
    from playhead.churn.registry import ChurnRegistry
    from playhead.jobs.churn import build_features, score, train_and_promote
    from playhead.jobs.run_context import RunContext
    from playhead.spark import connect

    settings = get_settings()
    run = RunContext("retrain_churn", run_id or f"manual__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}")
    registry = ChurnRegistry(settings.home / "mlflow")
    spark = connect(settings.remote)
    built = build_features(spark, settings.lake, run, horizon_days=settings.churn_horizon_days)
    trained = train_and_promote(spark, settings.lake, run, registry=registry)
    scored = score(spark, settings.lake, run, registry=registry)
    table = Table(title=f"churn, {built['score_date']}", show_header=False)
    for name, value in {**trained, **scored}.items():
        table.add_row(name, "none" if value is None else str(value))
    Console().print(table)


@app.command()
def show() -> None:
    """The model card of the model in service."""
    from playhead.churn.registry import ChurnRegistry

    registry = ChurnRegistry(get_settings().home / "mlflow")
    champion = registry.champion()
    if champion is None:
        Console().print("no churn model is in service: the rule baseline scores; run `playhead churn retrain`")
        return
    Console().print(f"[bold]{champion.version}[/], verified; all runs: mlflow ui --backend-store-uri {registry.uri}", soft_wrap=True)
    Console().print(Markdown(champion.card))
