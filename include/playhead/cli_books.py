"""`playhead accounts`, `reconcile`, `gaps`, `restatements`: the books as a whole, by minute, back to players, and changed numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json, words
from playhead.cli_start import complete_table, settings
from playhead.errors import BooksError, SettingsError

if TYPE_CHECKING:
    from playhead.quality.reconcile import Difference

_SHOWN_MINUTES = 50
_SHOWN_RECEIPTS = 100
_SHOWN_GAPS = 50


_ACCOUNTS_SHAPE = "an object with the figures by name, unaccounted among them, and is_balanced"
_RECONCILE_SHAPE = (
    "an object: minutes, events, and differences, an array with table, minute, expected, found, missing, unexpected, repeated, altered, ids"
)
_GAPS_SHAPE = "an array with the columns of ops.cmcd_gaps"
_RECEIPTS_SHAPE = "an array with the columns of ops.restatements"


def accounts(as_json: Annotated[bool, json_option(_ACCOUNTS_SHAPE)] = False) -> None:
    """Say what was sent, landed, built, and is unaccounted for.

    Every figure comes from comparing ids, none from a subtraction. Exit code 1 when the books do not balance.

    Examples:
      playhead accounts
      playhead accounts --json
    """
    from playhead.quality.accounting import take_accounts

    values = settings()
    books = take_accounts(values.lake, values.ledger_dir)
    if as_json:
        print_json(books.to_dict())
    else:
        table = Table("what", "events", title="The books")
        for name, value in books.to_dict().items():
            if name != "is_balanced":
                table.add_row(name.replace("_", " "), f"{value:,}")
        answers.print(table)
    if not books.is_balanced:
        raise BooksError("the books do not balance: see the figures above that should be 0, then the run's publish_log rows")


def reconcile(
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, UTC; the days that may still change if absent.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of history, which takes longer the more there is.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds that acknowledged records may still take to land.")] = 60,
    as_json: Annotated[bool, json_option(_RECONCILE_SHAPE)] = False,
) -> None:
    """Compare ledgers, bronze and silver by event minute.

    Exit code 1 where they differ, with the minute, the table and the ids. What happened before the first day is not looked at.

    Examples:
      playhead reconcile
      playhead reconcile --since 2026-11-01
      playhead reconcile --all --json
    """
    from playhead.jobs.reconcile import first_open_day
    from playhead.quality.reconcile import reconcile as compare

    if everything and since is not None:
        raise SettingsError("--all and --since contradict each other; give one")
    values = settings()
    first = first_open_day(values.late_horizon_days) if since is None else since.date()
    with words.status("comparing every event minute"):
        found = compare(values.lake, values.ledger_dir, since=None if everything else first, landing_within=timedelta(seconds=wait))
    if as_json:
        print_json(found.to_dict())
    else:
        answers.print(
            f"{found.events:,} events of {found.minutes:,} minutes {'in all' if everything else f'since {first}'} compared: "
            f"{len(found.differences)} minutes differ",
            highlight=False,
        )
        if found.differences:
            answers.print(_differences_table(found.differences))
    if found.differences:
        raise BooksError(
            f"{len(found.differences)} minutes differ; rebuild their hours with `playhead build backfill`, and where bronze.events lacks "
            "records, see `playhead topics lag`"
        )


def gaps(
    days: Annotated[int, typer.Option(min=1, help="How many days back.")] = 7,
    as_json: Annotated[bool, json_option(_GAPS_SHAPE)] = False,
) -> None:
    """Say which plays lost reports on the way to the collector.

    By hour, as last counted; the largest gaps first.

    Examples:
      playhead gaps
      playhead gaps --days 1 --json
    """
    from playhead.jobs.cmcd_gaps import read_gaps

    rows = read_gaps(settings().lake, since=datetime.now(UTC) - timedelta(days=days))
    if as_json:
        print_json(rows)
    elif rows:
        answers.print(_gaps_table(rows))
    else:
        answers.print(f"No play that was counted has lost a report in the last {days} days.", highlight=False)


def restatements(
    table: Annotated[str | None, typer.Option(help="Only this table, as gold.content_daily.", autocompletion=complete_table)] = None,
    days: Annotated[int, typer.Option(min=1, help="How many days back.")] = 30,
    as_json: Annotated[bool, json_option(_RECEIPTS_SHAPE)] = False,
) -> None:
    """Say which published numbers have changed since, and why.

    The old value, the new one, the cause, and by which run; the newest first.

    Examples:
      playhead restatements
      playhead restatements --table gold.content_daily --days 90
    """
    from playhead.contracts.model import table_names
    from playhead.jobs.restatements import read_receipts

    if table is not None and table not in table_names("gold"):
        raise SettingsError(f"there is no table {table!r}; numbers are restated in {', '.join(table_names('gold'))}")
    receipts = read_receipts(settings().lake, since=datetime.now(UTC) - timedelta(days=days), table=table)
    if as_json:
        print_json(receipts)
    elif receipts:
        answers.print(_receipts_table(receipts))
    else:
        answers.print(f"No published number has changed in the last {days} days.", highlight=False)


def _gaps_table(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table("play", "target", "hour (UTC)", title="Lost reports", title_justify="left")
    for column in ("expected", "heard", "missing", "first", "last"):
        table.add_column(column, justify="right")
    for row in rows[:_SHOWN_GAPS]:
        counts = (row["expected_reports_count"], row["heard_reports_count"], row["missing_reports_count"], row["first_sn"], row["last_sn"])
        place = (row["playback_id"], row["cmcd_target"], f"{row['event_hour']:%Y-%m-%d %H:00}")
        table.add_row(*place, *(f"{count:,}" for count in counts))
    if len(rows) > _SHOWN_GAPS:
        table.caption = f"and {len(rows) - _SHOWN_GAPS:,} more; --json has all of them"
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
        columns.caption = f"and {len(receipts) - _SHOWN_RECEIPTS:,} more; --json has all of them"
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
        table.caption = f"and {len(differences) - _SHOWN_MINUTES:,} more; --json has all of them"
    return table
