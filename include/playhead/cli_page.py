"""`playhead reference`: every command on one page, as docs/cli.md has them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from playhead.cli_output import words
from playhead.errors import ExitCode

_HEAD = """# The command line

Written by `make contracts` from the code; do not edit. `playhead --help` lists the commands, `playhead <command> --help` shows one.
Answers go to standard output; progress, errors and what is said beside an answer go to standard error, so that `--json` can be piped
as it is. JSON is one line: times are ISO 8601 in UTC, decimals are numbers, what is absent is null. An error is one line with the next
step; `playhead --debug <command>` shows its traceback. `playhead --install-completion` teaches your shell the commands, the parts of the
stack and the tables.

| exit code | meaning |
|-|-|
"""


def reference(write: Annotated[Path | None, typer.Option(help="Write the page to this file.")] = None) -> None:
    """Print this help of all commands as one Markdown page.

    Examples:
      playhead reference
      playhead reference --write docs/cli.md
    """
    from playhead.cli import app

    page = render(typer.main.get_command(app))
    if write is None:
        typer.echo(page, nl=False)
    else:
        write.write_text(page, encoding="utf-8")
        words.print(f"{write} written", highlight=False, soft_wrap=True)


def render(program: Any) -> str:
    """The page of a command line: its panels, and in each its commands."""
    codes = "".join(f"| {code:d} | {code.meaning} |\n" for code in ExitCode)
    panels: dict[str, list[str]] = {}
    for name, command in program.commands.items():
        panels.setdefault(command.rich_help_panel, []).extend(_sections(f"playhead {name}", command))
    parts = [f"\n## {panel}\n{''.join(sections)}" for panel, sections in panels.items()]
    return _HEAD + codes + "".join(parts)


def _sections(path: str, command: Any) -> Iterator[str]:
    """A section for a command, and one for each command of a group."""
    text, _, examples = inspect.cleandoc(command.help or "").partition("\n\nExamples:\n")
    yield f"\n### {path}\n\n{text}\n"
    if examples:
        yield f"\n```console\n{inspect.cleandoc(examples)}\n```\n"
    rows = [row for row in map(_row, command.params) if row is not None]
    if rows:
        yield "\n| | |\n|-|-|\n" + "".join(rows)
    for name, inner in getattr(command, "commands", {}).items():
        yield from _sections(f"{path} {name}", inner)


def _row(parameter: Any) -> str | None:
    """An argument or option with its help and default; not --help, which all have."""
    if parameter.name == "help":
        return None
    is_argument = parameter.param_type_name == "argument"
    names = parameter.name.upper() if is_argument else ", ".join([*parameter.opts, *parameter.secondary_opts])
    default = parameter.default
    told = parameter.help if default in (None, False, "") else f"{parameter.help} Default: {_words(default)}."
    return f"| `{names}` | {told} |\n"


def _words(default: Any) -> str:
    return "yes" if default is True else str(default)
