"""`playhead accounts`, `reconcile`, `gaps`, `restatements`: the books as a whole, by minute, back to players, and changed numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from playhead.contracts.model import table_names
from playhead.errors import PlayheadError, SettingsError
from playhead.settings import get_settings

if TYPE_CHECKING:
    from playhead.quality.reconcile import Difference

_out = Console()
_SHOWN_MINUTES = 50
_SHOWN_RECEIPTS = 100
_SHOWN_GAPS = 50


class Output(StrEnum):
    """How to print."""

    TABLE = "table"
    JSON = "json"


def accounts(output: Annotated[Output, typer.Option("--output", "-o", help="table or json")] = Output.TABLE) -> None:
    """Say what was sent, acknowledged, landed and built, and what is unaccounted for; exit code 1 if the books do not balance."""
    from playhead.quality.accounting import take_accounts

    settings = get_settings()
    books = take_accounts(settings.lake, settings.ledger_dir)
    if output is Output.JSON:
        typer.echo(books.to_json())
    else:
        table = Table("what", "events", title="The books")
        for name, value in books.to_dict().items():
            if name != "is_balanced":
                table.add_row(name.replace("_", " "), f"{value:,}")
        _out.print(table)
    if not books.is_balanced:
        raise PlayheadError("the books do not balance: see the figures above that should be 0, then the run's publish_log rows")


def reconcile(
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, UTC; the days that may still change if absent.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of history, which takes longer the more there is.")] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json")] = Output.TABLE,
) -> None:
    """Compare ledgers, bronze and silver by event minute; exit code 1 where they differ, with the minute, the table and the ids.

    What happened before the first day is not looked at.
    """
    from playhead.jobs.reconcile import first_open_day
    from playhead.quality.reconcile import reconcile as compare

    if everything and since is not None:
        raise SettingsError("--all and --since contradict each other; give one")
    settings = get_settings()
    first = first_open_day(settings.late_horizon_days) if since is None else since.date()
    with Console(stderr=True).status("comparing every event minute"):
        found = compare(settings.lake, settings.ledger_dir, since=None if everything else first)
    if output is Output.JSON:
        typer.echo(json.dumps(found.to_dict()))
    else:
        _out.print(
            f"{found.events:,} events of {found.minutes:,} minutes {'in all' if everything else f'since {first}'} compared: "
            f"{len(found.differences)} minutes differ",
            highlight=False,
        )
        if found.differences:
            _out.print(_differences_table(found.differences))
    if found.differences:
        raise PlayheadError(
            f"{len(found.differences)} minutes differ; rebuild their hours with `playhead build backfill`, and where bronze.events lacks "
            "records, see `playhead topics lag`"
        )


def gaps(
    days: Annotated[int, typer.Option(min=1, help="How many days back.")] = 7,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json")] = Output.TABLE,
) -> None:
    """Say which plays lost reports on the way to the collector, and in which hour, as last counted; the largest gaps first."""
    from playhead.jobs.cmcd_gaps import read_gaps

    rows = read_gaps(get_settings().lake, since=datetime.now(UTC) - timedelta(days=days))
    if output is Output.JSON:
        for row in rows:
            typer.echo(json.dumps(row, default=str))
    elif rows:
        _out.print(_gaps_table(rows))
    else:
        _out.print(f"No play that was counted has lost a report in the last {days} days.", highlight=False)


def restatements(
    table: Annotated[str | None, typer.Option(help="Only this table, as gold.content_daily.")] = None,
    days: Annotated[int, typer.Option(min=1, help="How many days back.")] = 30,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json")] = Output.TABLE,
) -> None:
    """Say which published numbers have changed since: the old value, the new one, why, and by which run; newest first."""
    from playhead.jobs.restatements import read_receipts

    if table is not None and table not in table_names("gold"):
        raise SettingsError(f"there is no table {table!r}; numbers are restated in {', '.join(table_names('gold'))}")
    receipts = read_receipts(get_settings().lake, since=datetime.now(UTC) - timedelta(days=days), table=table)
    if output is Output.JSON:
        for receipt in receipts:
            typer.echo(json.dumps(receipt, default=str))
    elif receipts:
        _out.print(_receipts_table(receipts))
    else:
        _out.print(f"No published number has changed in the last {days} days.", highlight=False)


def _gaps_table(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table("play", "target", "hour (UTC)", title="Lost reports", title_justify="left")
    for column in ("expected", "heard", "missing", "first", "last"):
        table.add_column(column, justify="right")
    for row in rows[:_SHOWN_GAPS]:
        counts = (row["expected_reports_count"], row["heard_reports_count"], row["missing_reports_count"], row["first_sn"], row["last_sn"])
        place = (row["playback_id"], row["cmcd_target"], f"{row['event_hour']:%Y-%m-%d %H:00}")
        table.add_row(*place, *(f"{count:,}" for count in counts))
    if len(rows) > _SHOWN_GAPS:
        table.caption = f"and {len(rows) - _SHOWN_GAPS:,} more; --output json has all of them"
    return table


def _receipts_table(receipts: Sequence[dict[str, Any]]) -> Table:
    columns = Table("table", "partition", "measure", title="Restated numbers", title_justify="left")
    for name in ("told", "now"):
        columns.add_column(name, justify="right")
    columns.add_column("cause")
    columns.add_column("by run")
    columns.add_column("restated at (UTC)")
    for row in receipts[:_SHOWN_RECEIPTS]:
        old = "unknown" if row["old_value"] is None else f"{row['old_value'].normalize():,f}"
        numbers = (old, f"{row['new_value'].normalize():,f}")
        place = (row["table_name"], row["partition_key"], row["measure_name"])
        columns.add_row(*place, *numbers, row["cause"].replace("_", " "), row["run_id"], f"{row['restated_at']:%Y-%m-%d %H:%M}")
    if len(receipts) > _SHOWN_RECEIPTS:
        columns.caption = f"and {len(receipts) - _SHOWN_RECEIPTS:,} more; --output json has all of them"
    return columns


def _differences_table(differences: Sequence[Difference]) -> Table:
    table = Table("table", "minute (UTC)", title="Minutes that differ", title_justify="left")
    for column in ("expected", "found", "missing", "unexpected", "repeated", "altered"):
        table.add_column(column, justify="right")
    table.add_column("events")
    for each in differences[:_SHOWN_MINUTES]:
        counts = (each.expected, each.found, each.missing, each.unexpected, each.repeated, each.altered)
        minute = "unknown" if each.minute is None else f"{each.minute:%Y-%m-%d %H:%M}"
        table.add_row(each.table, minute, *(f"{count:,}" for count in counts), "\n".join(each.ids))
    if len(differences) > _SHOWN_MINUTES:
        table.caption = f"and {len(differences) - _SHOWN_MINUTES:,} more; --output json has all of them"
    return table
