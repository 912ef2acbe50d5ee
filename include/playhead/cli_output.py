"""What commands print: tables for people or, with --json, one value for programs. Only answers go to standard output."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.console import Console

from playhead.warehouse.values import plain_value

answers = Console()
# Progress, and what is worth knowing beside an answer.
words = Console(stderr=True)


def json_option(shape: str) -> Any:
    """The option `--json` of a command; `shape` tells what it prints and is part of what the command promises."""
    return typer.Option("--json", help=f"Print JSON: {shape}.")


def print_json(value: Any) -> None:
    """One line of JSON: times in ISO 8601 and UTC, decimals as numbers, nothing as null."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    plain = plain_value(value)
    return str(value) if plain is value else plain
