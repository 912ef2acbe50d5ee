"""What `playhead --help` says, that it says it quickly, and that docs/cli.md says the same."""

from __future__ import annotations

import inspect
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from playhead.cli import app
from playhead.errors import ExitCode

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"
# What typer and rich bring along, and nothing that computes, reads or connects.
LIGHT = {"annotated_doc", "attr", "attrs", "linkify_it", "markdown_it", "mdurl", "playhead", "pygments", "rich", "shellingham", "typer"}
_PROBE = """
import json, sys
before = set(sys.modules)
{first}
from playhead.cli import main
try:
    main()
except SystemExit as end:
    tops = {{name.partition(".")[0] for name in set(sys.modules) - before}}
    print(json.dumps([end.code, sorted(name for name in tops - sys.stdlib_module_names if name[0] != "_")]), file=sys.stderr)
"""


def imported(*arguments: str, first: str = "") -> set[str]:
    """Packages beside the standard library that a command imports."""
    command = [sys.executable, "-c", _PROBE.format(first=first), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    code, names = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(names)


def commands(group: Any = None, path: str = "playhead") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by what is typed for it."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands())


def examples(command: Any) -> list[str]:
    return [line.strip() for line in inspect.cleandoc(command.help).partition("Examples:\n")[2].splitlines()]


def parse(example: str) -> None:
    """Understand an example as the shell and the command line do, without doing it."""
    path = max((path for path in COMMANDS if f"{example} ".startswith(f"{path} ")), key=len)
    COMMANDS[path].make_context(path, shlex.split(example.removeprefix(path)))


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help__imports_no_library_that_takes_long(option: str) -> None:
    assert imported(option) <= LIGHT


def test_help__imports_are_seen() -> None:
    """Negative control: what is imported on the way is found."""
    assert imported("--help", first="import numpy") - LIGHT == {"numpy"}


@pytest.mark.parametrize("path", COMMANDS)
def test_command__has_one_line_and_examples_that_are_understood(path: str) -> None:
    command = COMMANDS[path]
    line = inspect.cleandoc(command.help).split("\n\n", maxsplit=1)[0]
    assert line.endswith(".")
    assert len(line) <= 76, "it fills more than one line of a terminal"
    assert examples(command)
    for example in examples(command):
        assert example.startswith(path)
        assert len(example) <= 77, "a terminal would break it"
        parse(example)


def test_command__an_example_with_an_option_that_is_not_there_is_found() -> None:
    """Negative control."""
    with pytest.raises(typer.BadParameter.__mro__[1], match="--nonsense"):
        parse("playhead status --nonsense")


@pytest.mark.parametrize("path", [path for path in COMMANDS if path.count(" ") == 1])
def test_command__its_line_fits_the_list_of_commands(path: str) -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    assert inspect.cleandoc(COMMANDS[path].help).split("\n\n", maxsplit=1)[0] in shown


def test_every_command_is_in_a_panel_and_every_exit_code_is_told() -> None:
    program: Any = typer.main.get_command(app)
    assert all(command.rich_help_panel for command in program.commands.values())
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "120"}).output
    assert [code for code in ExitCode if f"{code:>3}  {code.meaning}" not in shown] == []


def test_committed_page__is_the_derived_one(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["reference", "--write", str(tmp_path / "cli.md")])
    assert outcome.exit_code == 0, outcome.output
    assert PAGE.read_text(encoding="utf-8") == (tmp_path / "cli.md").read_text(encoding="utf-8"), "run `make contracts`"


def test_page__has_every_command_and_exit_code() -> None:
    page = CliRunner().invoke(app, ["reference"]).stdout
    assert [path for path in COMMANDS if f"### {path}\n" not in page] == []
    assert [code for code in ExitCode if f"| {code:d} | {code.meaning} |" not in page] == []
    assert "None" not in page, "an option without help"
