"""`playhead churn …`: retrain and score by hand, and look at the model in service."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json
from playhead.cli_start import engine, settings

_RETRAIN_SHAPE = "an object: promoted, reason, challenger, score_date, model_version, users, …"
_SCORE_SHAPE = "an object: churn_probability, churn_risk_category, top_reasons, cutoff_date, known_until, model_version, …"
_SHOW_SHAPE = "an object: version and card (Markdown), both null while no model is in service; challenger, the version in the shadow"
_CHECKS_SHAPE = "an array with the columns of ops.churn_checks, the newest first"
_NEWEST_CHECKS = "SELECT * FROM log ORDER BY checked_at DESC LIMIT $last"

app = typer.Typer(help="The churn model: retrain it, score with it, look at it.", no_args_is_help=True)


@app.command()
def retrain(
    run_id: Annotated[str, typer.Option(help="Name of the run; the moment of asking when left out.")] = "",
    as_json: Annotated[bool, json_option(_RETRAIN_SHAPE)] = False,
) -> None:
    """Train a challenger, promote it if it is better, and score.

    The same as the DAG retrain_churn, whether the model in service still fits or not: features, training, the held-out comparison, scores
    of every paid user.

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
def score(
    user_id: Annotated[str, typer.Argument(metavar="USER", help="A paid user, as in V_CHURN_RISK.")],
    as_json: Annotated[bool, json_option(_SCORE_SHAPE)] = False,
) -> None:
    """Show the risk of one user as of now.

    By the features and the model of the day's scores, with what was published since. Apps ask the stack's HTTP service for the same.

    Examples:
      playhead churn score sim-user-000012
    """
    from playhead.churn.registry import ChurnRegistry
    from playhead.jobs.churn_now import ChurnScorer

    values = settings()
    scorer = ChurnScorer(values.lake, ChurnRegistry(values.home / "mlflow"), values.churn_horizon_days)
    told = asdict(scorer.score(engine(values.remote), user_id))
    if as_json:
        print_json(told)
        return
    table = Table(title=f"{escape(told.pop('user_id'))}: {told['churn_probability']:.1%}", show_header=False)
    for name, value in told.items():
        table.add_row(name, escape(str(value)))
    answers.print(table)


@app.command()
def show(as_json: Annotated[bool, json_option(_SHOW_SHAPE)] = False) -> None:
    """Show the model card of the model in service.

    Examples:
      playhead churn show
    """
    from playhead.churn.registry import ChurnRegistry

    registry = ChurnRegistry(settings().home / "mlflow")
    champion, challenger = registry.champion(), registry.challenger()
    shadow = challenger.version if challenger else None
    if as_json:
        print_json({"version": champion.version if champion else None, "card": champion.card if champion else None, "challenger": shadow})
    elif champion is None:
        answers.print("no churn model is in service: the rule baseline scores; run `playhead churn retrain`")
    else:
        from rich.markdown import Markdown

        answers.print(f"[bold]{champion.version}[/], verified; all runs: mlflow ui --backend-store-uri {registry.uri}", soft_wrap=True)
        if shadow:
            answers.print(f"in its shadow: {shadow}", soft_wrap=True)
        answers.print(Markdown(champion.card))


@app.command()
def checks(
    last: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 10,
    as_json: Annotated[bool, json_option(_CHECKS_SHAPE)] = False,
) -> None:
    """Show whether the model in service still fitted, each time it was asked.

    Features that drifted, what it expected against what came, and how the model in its shadow did.

    Examples:
      playhead churn checks
      playhead churn checks --last 1 --json
    """
    from playhead.io.delta_table import query_log

    rows = query_log(settings().lake, "ops.churn_checks", _NEWEST_CHECKS, {"last": last})
    if as_json:
        print_json([row | {"drifted_features": dict(row["drifted_features"])} for row in rows])
        return
    if not rows:
        answers.print(
            "no churn model was checked yet: the DAG retrain_churn does it each day; run `playhead churn retrain` for a first model"
        )
        return
    table = Table("day", "in service", "in the shadow", "training", "why", "left / expected", "PR-AUC in service / shadow")
    for row in rows:
        table.add_row(*_check_cells(row))
    answers.print(table)


def _check_cells(row: dict[str, Any]) -> list[str]:
    """A check as the cells of its line."""
    shadow = "" if row["shadow_champion_pr_auc"] is None else f"{row['shadow_champion_pr_auc']:.3f} / {row['shadow_challenger_pr_auc']:.3f}"
    outcomes = f"{row['held_out_churned_count']:,} / {row['held_out_expected_count']:,.0f}" if row["held_out_users_count"] else ""
    due = "due" if row["is_training_due"] else "not due"
    return [str(row["score_date"]), row["model_version"], row["challenger_version"] or "", due, row["due_reason"], outcomes, shadow]
