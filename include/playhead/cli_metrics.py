"""`playhead metrics`: what the BI views tell, how it is reckoned and from what, and the page of the docs that lists it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json, words
from playhead.cli_start import complete_view

_SHAPE = "an array with an object for each column: view, column, meaning, defined_by, formula, sources"


def metrics(
    view: Annotated[
        str | None, typer.Argument(help="A BI view, as V_TOP_CONTENT; all without it.", show_default=False, autocompletion=complete_view)
    ] = None,
    write: Annotated[Path | None, typer.Option(help="Write all as a Markdown page to this file.")] = None,
    as_json: Annotated[bool, json_option(_SHAPE)] = False,
) -> None:
    """Show what columns of BI views mean, and how they are reckoned.

    Each with who defines it so, its formula, and the columns of gold that it comes from.

    Examples:
      playhead metrics V_TOP_CONTENT
      playhead metrics --json
      playhead metrics --write docs/metrics.md
    """
    from playhead.warehouse.catalogue import chosen_views, metrics_of, render_catalogue

    if write is not None:
        write.write_text(render_catalogue(), encoding="utf-8")
        words.print(f"{write} written", highlight=False, soft_wrap=True)
        return
    chosen = {each: metrics_of(each.name) for each in chosen_views(view)}
    if as_json:
        print_json([asdict(metric) for told in chosen.values() for metric in told])
        return
    for each, told in chosen.items():
        answers.print(f"{each.name.upper()}: {each.description} Grain: {each.grain}. Owner: {each.owner}.", highlight=False)
        table = Table("column", "meaning", "by", "formula", "from")
        for metric in told:
            table.add_row(metric.column, metric.meaning, ", ".join(metric.defined_by), metric.formula, "\n".join(metric.sources))
        answers.print(table)
