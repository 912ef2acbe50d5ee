"""`playhead quality`: how good each partition is as a number, the worst first, what is unusual, and the proof of the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json, words
from playhead.cli_start import complete_table, engine, settings
from playhead.errors import BooksError, SettingsError

if TYPE_CHECKING:
    from playhead.jobs.recompute_scores import Recomputation
    from playhead.settings import Settings

_SHOWN = 40
_SHOWN_PAGES = 3
_DIMENSIONS = ("completeness", "validity", "uniqueness", "timeliness", "consistency", "total")
_SHAPE = (
    "an array with the columns of ops.quality_scores and docs, the address of the partition's Data Docs; with --recompute an object with "
    "what was compared and what differs"
)


def quality(
    table: Annotated[str | None, typer.Option(help="Only this table, as silver.playbacks.", autocompletion=complete_table)] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H"], help="Only this day or hour (UTC) and later.")
    ] = None,
    recompute: Annotated[bool, typer.Option("--recompute", help="Score the stored partitions again, and compare.")] = False,
    as_json: Annotated[bool, json_option(_SHAPE)] = False,
) -> None:
    """Show how good each partition is; the worst first.

    As a score from 0 to 100, with what was unusual beside the weeks before (docs/quality.md). Exit code 1 when --recompute finds a score
    that the stored partition does not come to.

    Examples:
      playhead quality
      playhead quality --table silver.playbacks --since 2026-11-01
      playhead quality --recompute --json
    """
    from playhead.jobs.quality_scores import read_scores
    from playhead.quality.suites import gated_tables

    values = settings()
    if table is not None and table not in gated_tables():
        raise SettingsError(f"there is no table {table!r} with scores; these have: {', '.join(gated_tables())}")
    rows = read_scores(values.lake, table=table, since=None if since is None else _key(since))
    if recompute:
        _prove(values, rows, as_json=as_json)
        return
    told = [row | {"docs": _docs_uri(values.data_docs, row["docs_page"])} for row in rows]
    if as_json:
        print_json(told)
    elif told:
        answers.print(_table(told))
        for row in [row for row in told if row["docs"] is not None][:_SHOWN_PAGES]:
            answers.print(f"{row['table_name']}/{row['partition_key']}: {row['docs']}", highlight=False, soft_wrap=True)
    else:
        answers.print("No build has scored such a partition yet; `playhead build daily` does.", highlight=False)


def _key(since: datetime) -> str:
    """A day also takes in partitions that are days, which an hour of it would leave out."""
    from playhead.io.partitions import day_key, hour_key

    return hour_key(since) if since.hour else day_key(since)


def _prove(values: Settings, rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    from playhead.jobs.recompute_scores import recompute_scores

    with words.status("scoring the stored partitions again"):
        found = recompute_scores(engine(values.remote), values.lake, rows)
    if as_json:
        print_json(found.to_dict())
    else:
        answers.print(_comparison(found), highlight=False)
    if found.differences:
        raise BooksError(
            f"{len(found.differences)} stored values differ from what the stored partitions come to: see `playhead reconcile`, "
            "then rebuild these partitions with `playhead build backfill`"
        )


def _comparison(found: Recomputation) -> str:
    lines = [f"{each.table}/{each.partition} {each.name}: stored {each.stored}, now {each.recomputed}" for each in found.differences]
    summary = f"{found.compared_count:,} partitions scored again: {len(found.differences)} values differ."
    return "\n".join([*lines, f"{summary} {found.passed_over_count:,} are not stored as they were judged."])


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table("table", "partition", title="Quality of partitions, the worst first", title_justify="left")
    for name in ("rows", *_DIMENSIONS, "trend"):
        table.add_column(name, justify="right")
    table.add_column("unusual")
    for row in rows[:_SHOWN]:
        scores = (_score(row[f"{name}_score"]) for name in _DIMENSIONS)
        partition = row["partition_key"] + (" (refused)" if row["is_refused"] else "")
        table.add_row(row["table_name"], partition, f"{row['rows_count']:,}", *scores, _trend(row["trend"]), _unusual(row))
    if len(rows) > _SHOWN:
        table.caption = f"and {len(rows) - _SHOWN:,} more; --json has all of them"
    return table


def _score(score: float | None) -> str:
    """Rounded down: only what is without fault is 100."""
    return "-" if score is None else f"{floor(score * 100) / 100:.2f}"


def _trend(trend: float | None) -> str:
    return "" if trend is None else f"{trend:+.2f}"


def _unusual(row: dict[str, Any]) -> str:
    if row["anomalies"]:
        return ", ".join(f"{name} {multiple:.2f} times the usual" for name, multiple in sorted(row["anomalies"].items()))
    return "" if row["compared_weeks_count"] else "not compared"


def _docs_uri(data_docs: Path, page: str | None) -> str | None:
    return None if page is None else (data_docs.absolute() / page).as_uri()
