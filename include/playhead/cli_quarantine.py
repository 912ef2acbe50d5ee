"""`playhead quarantine`: what was rejected and why, what it looked like, and sending it again once the cause is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json
from playhead.cli_start import engine, settings

if TYPE_CHECKING:
    from playhead.jobs.quarantine import Choice

app = typer.Typer(help="Rejected records: count them, look at them, send them again.", no_args_is_help=True)

Reasons = Annotated[list[str] | None, typer.Option("--reason", help="Only records with this reason, e.g. required:user_agent; repeatable.")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="Only this record, as topic/partition/offset; repeatable.")]
Where = Annotated[str, typer.Option(help="Only records that meet this SQL condition, e.g. \"event_type = 'video_play'\".")]
_COUNTED = ("landed_date", "topic", "reason", "records_count")
_SHOWN = ("record_id", "landed_at", "rejected_because", "raw")


@app.command("list")
def list_reasons(as_json: Annotated[bool, json_option(f"an array with an object for each row: {', '.join(_COUNTED)}")] = False) -> None:
    """Count rejected records by day, topic and reason.

    Examples:
      playhead quarantine list
    """
    from playhead.io.delta import read_table
    from playhead.jobs.quarantine import build_quarantine, count_reasons

    values = settings()
    rows = count_reasons(build_quarantine(read_table(engine(values.remote), values.lake, "bronze.events")))
    _show(rows, _COUNTED, as_json=as_json)


@app.command()
def show(
    reason: Reasons = None,
    ids: Ids = None,
    where: Where = "",
    limit: Annotated[int, typer.Option(min=1, help="Records shown.")] = 20,
    chars: Annotated[int, typer.Option(min=1, help="Characters shown of each record's bytes.")] = 400,
    as_json: Annotated[bool, json_option(f"an array with an object for each record: {', '.join(_SHOWN)}")] = False,
) -> None:
    """Show rejected records, with their bytes as text.

    What is not UTF-8 appears as \\x escapes.

    Examples:
      playhead quarantine show --reason required:user_agent --limit 5
      playhead quarantine show --where "event_type = 'video_play'" --json
    """
    from playhead.jobs.quarantine import read_chosen

    values = settings()
    chosen = read_chosen(engine(values.remote), values.lake, _choice(reason, ids, where))
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
    _show(rows, _SHOWN, as_json=as_json)


@app.command()
def replay(
    reason: Reasons = None,
    ids: Ids = None,
    where: Where = "",
    everything: Annotated[bool, typer.Option("--all", help="Replay the whole quarantine.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also records that were replayed before.")] = False,
    as_json: Annotated[bool, json_option("an object: sent_count")] = False,
) -> None:
    """Send rejected records again; the stream judges them anew.

    Byte by byte as they came. Mend the cause first.

    Examples:
      playhead quarantine replay --reason required:user_agent
      playhead quarantine replay --all
    """
    from playhead.io.kafka import client_config
    from playhead.jobs.quarantine import replay as replay_chosen

    if not (reason or ids or where or everything):
        raise typer.BadParameter("say which records with --reason, --id or --where, or take them --all")
    values = settings()
    choice = _choice(reason, ids, where, again=again)
    sent = replay_chosen(engine(values.remote), values.lake, client_config(values), values.ledger_dir, choice)
    if as_json:
        print_json({"sent_count": sent})
    else:
        answers.print(f"{sent} records sent again; `playhead quarantine list` shows what is left once they have landed")


def _choice(reasons: list[str] | None, ids: list[str] | None, where: str, *, again: bool = False) -> Choice:
    from playhead.jobs.quarantine import Choice

    return Choice(tuple(reasons or ()), tuple(ids or ()), where, again)


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        print_json([{column: row[column] for column in columns} for row in rows])
        return
    table = Table(*columns, caption=f"{len(rows)} rows")
    for row in rows:
        table.add_row(*(_text(row[column]) for column in columns))
    answers.print(table)


def _text(value: Any) -> str:
    return str(value).replace("[", r"\[")
