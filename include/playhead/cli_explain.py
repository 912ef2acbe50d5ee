"""`playhead explain`: from a number of a BI view to the events behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json
from playhead.cli_start import settings

if TYPE_CHECKING:
    from playhead.warehouse.explain import Explanation

_SHAPE = "an object: view, keys, as_of, rows of the view, sources (table, version, predicate, rows, counted_as), events, event_ids"
_SHOWN_IDS = 10


def explain(
    view: Annotated[str, typer.Argument(help="A BI view, as V_TOP_CONTENT.")],
    key: Annotated[list[str], typer.Option(help="Which rows of it, as COUNTRY=DE; again for each column that tells them apart.")],
    as_json: Annotated[bool, json_option(_SHAPE)] = False,
) -> None:
    """Show what is behind a number of a view.

    The rows of silver that it counts, in the versions that were built from, and the events that they are made of: how many, and the ids
    of the first 1,000.

    Examples:
      playhead explain V_DAILY_ACTIVE_USERS --key EVENT_DATE=2026-11-24
      playhead explain V_DEVICE_ANALYTICS --key PLATFORM=roku --json
    """
    from contextlib import closing
    from dataclasses import asdict

    from playhead.io.snowflake import ask_rows, warehouse_connection
    from playhead.warehouse.explain import explain as explained
    from playhead.warehouse.lineage import chosen_keys, lineage_of

    lineage, keys = lineage_of(view), chosen_keys(view, key)
    name = view.upper().removeprefix("BI.")
    matching = " AND ".join(f"CAST({column} AS VARCHAR) = %s" for column in keys)
    with closing(warehouse_connection(settings())) as connection:
        rows = ask_rows(connection, f"SELECT * FROM BI.{name} WHERE {matching} LIMIT 1000", list(keys.values()))  # noqa: S608
    if not rows:
        told = ", ".join(f"{column}={value}" for column, value in keys.items())
        if as_json:
            print_json({"view": name, "keys": keys, "as_of": None, "rows": [], "sources": [], "events": 0, "event_ids": []})
        else:
            answers.print(f"{name} has no row with {told}; ask the view with `playhead query`", highlight=False)
        return
    found = explained(settings().lake, lineage, keys, rows[0]["AS_OF"])
    sources = [asdict(source) | {"counted_as": lineage.counted.get(source.table)} for source in found.sources]
    if as_json:
        told_rows = {"view": name, "keys": keys, "as_of": rows[0]["AS_OF"], "rows": rows}
        print_json(told_rows | {"sources": sources, "events": found.events, "event_ids": found.event_ids})
    else:
        _show(name, rows, sources, found)


def _show(name: str, rows: list[dict[str, Any]], sources: list[dict[str, Any]], found: Explanation) -> None:
    table = Table(title=f"{name}: {len(rows):,} rows as of {rows[0]['AS_OF']}", title_justify="left")
    for heading in ("rows of", "version", "where", "rows", "the view says"):
        table.add_column(heading, justify="right" if heading in {"version", "rows", "the view says"} else "left", overflow="fold")
    for source in sources:
        column = source["counted_as"]
        says = f"{sum(int(row[column] or 0) for row in rows):,} ({column})" if column else "-"
        table.add_row(source["table"], str(source["version"]), source["predicate"], f"{source['rows']:,}", says)
    answers.print(table)
    answers.print(f"{found.events:,} events; the first {min(_SHOWN_IDS, len(found.event_ids))}:", highlight=False)
    for event_id in found.event_ids[:_SHOWN_IDS]:
        answers.print(f"  {event_id}", highlight=False)
    if found.events > _SHOWN_IDS:
        answers.print("--json tells up to 1,000.", highlight=False)
