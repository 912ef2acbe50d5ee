"""`playhead quarantine`: what was rejected and why, what it looked like, and sending it again once the cause is mended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from playhead.settings import get_settings

if TYPE_CHECKING:
    from playhead.jobs.quarantine import Choice

app = typer.Typer(help="Rejected records: count them, look at them, send them again.", no_args_is_help=True)

Reasons = Annotated[list[str] | None, typer.Option("--reason", help="Only records with this reason, e.g. required:user_agent; repeatable.")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="Only this record, as topic/partition/offset; repeatable.")]
Where = Annotated[str, typer.Option(help="Only records that meet this SQL condition, e.g. \"event_type = 'video_play'\".")]
AsJson = Annotated[bool, typer.Option("--json", help="Rows as a JSON array.")]


@app.command("list")
def list_reasons(as_json: AsJson = False) -> None:
    """Count quarantined records by day, topic and reason."""
    from playhead.io.delta import read_table
    from playhead.jobs.quarantine import build_quarantine, count_reasons
    from playhead.spark import connect

    settings = get_settings()
    rows = count_reasons(build_quarantine(read_table(connect(settings.remote), settings.lake, "bronze.events")))
    _show(rows, ("landed_date", "topic", "reason", "records_count"), as_json=as_json)


@app.command()
def show(
    reason: Reasons = None,
    ids: Ids = None,
    where: Where = "",
    limit: Annotated[int, typer.Option(min=1, help="Records shown.")] = 20,
    chars: Annotated[int, typer.Option(min=1, help="Characters shown of each record's bytes.")] = 400,
    as_json: AsJson = False,
) -> None:
    """Show quarantined records with their bytes as text (what is not UTF-8 appears as \\x escapes)."""
    from playhead.jobs.quarantine import read_chosen
    from playhead.spark import connect

    settings = get_settings()
    chosen = read_chosen(connect(settings.remote), settings.lake, _choice(reason, ids, where))
    found = [row.asDict() for row in chosen.limit(limit).collect()]
    rows = [
        {
            "record_id": row["record_id"],
            "landed_at": row["landed_at"],
            "rejected_because": ", ".join(row["rejected_because"]),
            "raw": bytes(row["raw"]).decode("utf-8", errors="backslashreplace")[:chars],
        }
        for row in found
    ]
    _show(rows, ("record_id", "landed_at", "rejected_because", "raw"), as_json=as_json)


@app.command()
def replay(
    reason: Reasons = None,
    ids: Ids = None,
    where: Where = "",
    everything: Annotated[bool, typer.Option("--all", help="Replay the whole quarantine.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also records that were replayed before.")] = False,
) -> None:
    """Send quarantined records again, byte by byte; the stream judges them anew."""
    from playhead.io.kafka import client_config
    from playhead.jobs.quarantine import replay as replay_chosen
    from playhead.spark import connect

    if not (reason or ids or where or everything):
        raise typer.BadParameter("say which records with --reason, --id or --where, or take them --all")
    settings = get_settings()
    choice = _choice(reason, ids, where, again=again)
    sent = replay_chosen(connect(settings.remote), settings.lake, client_config(settings), settings.ledger_dir, choice)
    Console().print(f"{sent} records sent again; `playhead quarantine list` shows what is left once they have landed")


def _choice(reasons: list[str] | None, ids: list[str] | None, where: str, *, again: bool = False) -> Choice:
    from playhead.jobs.quarantine import Choice

    return Choice(tuple(reasons or ()), tuple(ids or ()), where, again)


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([{column: _plain(row[column]) for column in columns} for row in rows], ensure_ascii=False))
        return
    table = Table(*columns, caption=f"{len(rows)} rows")
    for row in rows:
        table.add_row(*(_text(row[column]) for column in columns))
    Console().print(table)


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | str) else str(value)


def _text(value: Any) -> str:
    return str(value).replace("[", r"\[")
