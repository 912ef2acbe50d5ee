"""`playhead accounts` and `playhead reconcile`: the books as a whole, and minute by minute."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from playhead.errors import PlayheadError
from playhead.settings import get_settings

if TYPE_CHECKING:
    from playhead.quality.reconcile import Difference

_out = Console()
_SHOWN_MINUTES = 50


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


def reconcile(output: Annotated[Output, typer.Option("--output", "-o", help="table or json")] = Output.TABLE) -> None:
    """Compare ledgers, bronze and silver by event minute; exit code 1 where they differ, with the minute, the table and the ids."""
    from playhead.quality.reconcile import reconcile as compare

    settings = get_settings()
    with Console(stderr=True).status("comparing every event minute"):
        found = compare(settings.lake, settings.ledger_dir)
    if output is Output.JSON:
        typer.echo(json.dumps(found.to_dict()))
    else:
        _out.print(
            f"{found.events:,} events of {found.minutes:,} minutes compared: {len(found.differences)} minutes differ", highlight=False
        )
        if found.differences:
            _out.print(_differences_table(found.differences))
    if found.differences:
        raise PlayheadError(
            f"{len(found.differences)} minutes differ; rebuild their hours with `playhead build backfill`, and where bronze.events lacks "
            "records, see `playhead topics lag`"
        )


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
