"""`playhead recommend …`: make recommendations by hand, see how good they are, and look at one viewer's list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json
from playhead.cli_start import engine, settings

if TYPE_CHECKING:
    from playhead.io.contest_record import ContestRecord

_REPORT_SHAPE = (
    "an object: score_date, ships, reason, judged (by ranking: viewers, ndcg, recall, coverage), rows, popular; null before the first"
)
_VIEWER_SHAPE = "an array of objects: recommendation_rank, content_id, recommendation_score, because_content_id, ranked_by, score_date"
_NAMES = {"als": "model (als)", "popularity": "popular titles", "recency": "popular lately"}
_LIST = """
SELECT recommendation_rank, content_id, recommendation_score, because_content_id, ranked_by, score_date FROM log
WHERE viewer_id = $viewer ORDER BY recommendation_rank
"""

app = typer.Typer(help="Recommendations: make them, see how good they are, look at a list.", no_args_is_help=True)


@app.command()
def refresh(
    run_id: Annotated[str, typer.Option(help="Name of the run; the moment of asking when left out.")] = "",
    as_json: Annotated[bool, json_option(_REPORT_SHAPE)] = False,
) -> None:
    """Hold the contest and publish new lists for every viewer.

    The same as the DAG recommend_titles.

    Examples:
      playhead recommend refresh
    """
    from playhead.jobs.recommend import hold_contest, recommend
    from playhead.jobs.run_context import RunContext

    values = settings()
    run = RunContext("recommend_titles", run_id or f"manual__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}")
    spark = engine(values.remote)
    hold_contest(spark, values.lake, run)
    recommend(spark, values.lake, run)
    report(as_json=as_json)


@app.command()
def report(as_json: Annotated[bool, json_option(_REPORT_SHAPE)] = False) -> None:
    """Show how good the newest lists are: the model against both baselines.

    Judged over the last week by what viewers began to like then (docs/recommendations.md).

    Examples:
      playhead recommend report
    """
    from dataclasses import asdict

    from playhead.io.contest_record import read_contest

    record = read_contest(settings().lake)
    if as_json:
        print_json(None if record is None else asdict(record))
    elif record is None:
        answers.print("nothing was recommended yet; run `playhead recommend refresh`, or the DAG recommend_titles")
    else:
        _show(record)


@app.command()
def viewer(
    viewer_id: Annotated[str, typer.Argument(help="user_id of who was signed in, else device_id.")],
    as_json: Annotated[bool, json_option(_VIEWER_SHAPE)] = False,
) -> None:
    """Show the newest list of one viewer.

    Examples:
      playhead recommend viewer sim-user-000042
    """
    from playhead.io.contest_record import read_contest
    from playhead.io.delta_table import query_log

    lake = settings().lake
    record = read_contest(lake)
    rows = query_log(lake, "gold.recommendations", _LIST, {"viewer": viewer_id}, days=[record.score_date]) if record else []
    if as_json:
        print_json(rows)
        return
    if not rows:
        answers.print(f"no list for {viewer_id}: viewers who played nothing in the last 28 days have none", highlight=False)
        return
    table = Table(title=f"{viewer_id}, {rows[0]['score_date']}", title_justify="left")
    for name in ("rank", "title", "score", "because of"):
        table.add_column(name, justify="right" if name in {"rank", "score"} else "left", overflow="fold")
    for row in rows:
        told = (row["recommendation_rank"], row["content_id"], f"{row['recommendation_score']:.3f}", row["because_content_id"] or "-")
        table.add_row(*map(str, told))
    answers.print(table)


def _show(record: ContestRecord) -> None:
    table = Table(title=f"recommendations, {record.score_date}", title_justify="left")
    for name in ("ranking", "viewers", "NDCG@10", "recall@10", "coverage"):
        table.add_column(name, justify="left" if name == "ranking" else "right")
    for name, judged in record.judged.items():
        figures = (f"{judged['ndcg']:.4f}", f"{judged['recall']:.4f}", f"{judged['coverage']:.1%}")
        table.add_row(_NAMES.get(name, name), f"{judged['viewers']:,}", *figures)
    if record.judged:
        answers.print(table)
    answers.print(f"{record.rows:,} places ranked by {_NAMES.get(record.ships, record.ships)}: {record.reason}", highlight=False)
