"""`--json` of the commands: one value on standard output, nothing beside it, and only names that the help tells."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from playhead.cli import app
from playhead.cli_output import print_json
from playhead.local.stack import Report, Stack
from playhead.settings import Settings, get_settings

# They print no table and no record.
WITHOUT = {"bi-files", "down", "logs", "contracts reference", "contracts suites", "reference"}


@pytest.fixture
def _no_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def option(path: str) -> Any:
    """The option --json of a command, or None."""
    command: Any = typer.main.get_command(app)
    for name in path.split():
        command = command.commands[name]
    return next((each for each in command.params if "--json" in each.opts), None)


def paths(group: Any = None, before: str = "") -> Iterator[str]:
    for name, command in (group or typer.main.get_command(app)).commands.items():
        path = f"{before} {name}".strip()
        yield from paths(command, path) if hasattr(command, "commands") else (path,)


@pytest.mark.parametrize("path", list(paths()))
def test_every_command_that_prints_a_table_or_a_record_has_json(path: str) -> None:
    assert (option(path) is None) == (path in WITHOUT)


@pytest.mark.usefixtures("_no_lake")
@pytest.mark.parametrize("path", ["status", "topics list", "contracts list", "metrics", "prometheus"])
def test_json__has_the_names_that_the_help_tells(path: str) -> None:
    done = CliRunner().invoke(app, [*path.split(), "--json"])
    rows = json.loads(done.stdout)
    told = option(path).help
    assert told.endswith(f": {', '.join(rows[0])}.")
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
    assert (done.stderr, done.stdout.count("\n")) == ("", 1)


@pytest.mark.usefixtures("_no_lake")
@pytest.mark.parametrize("path", ["alerts list", "experiments", "gaps", "quality", "restatements"])
def test_json__of_nothing_is_an_empty_array(path: str) -> None:
    done = CliRunner().invoke(app, [*path.split(), "--json"])
    assert (done.exit_code, done.output) == (0, "[]\n")


@pytest.mark.usefixtures("_no_lake")
def test_json__of_no_model_is_null() -> None:
    assert json.loads(CliRunner().invoke(app, ["churn", "show", "--json"]).stdout) == {"version": None, "card": None, "challenger": None}


def test_json__of_a_contract_has_its_columns() -> None:
    shown = json.loads(CliRunner().invoke(app, ["contracts", "show", "video_play", "--json"]).stdout)
    assert shown["name"] == "video_play"
    assert "event_id" in {column["name"] for column in shown["columns"]}


def test_print_json__times_are_iso_decimals_are_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    print_json({"at": at, "day": date(2026, 1, 2), "sum": Decimal("3.00"), "share": Decimal("0.5"), "file": Path("é"), "no": None})
    printed = capsys.readouterr().out
    assert printed == ('{"at": "2026-01-02T03:04:00+00:00", "day": "2026-01-02", "sum": 3, "share": 0.5, "file": "é", "no": null}\n')


@pytest.mark.usefixtures("_no_lake")
def test_up__json_has_the_parts_and_words_go_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_stack: Stack, report: Report, only: Sequence[str], *, unpause: bool) -> bool:
        report("kafka", f"starts with {only}, {unpause}")
        return True

    monkeypatch.setattr(Stack, "up", start)
    done = CliRunner().invoke(app, ["up", "kafka", "--json"])
    assert "kafka" in {part["name"] for part in json.loads(done.stdout)}
    assert "starts with ['kafka'], True" in done.stderr
    assert "The stack is up." in done.stderr
    assert "The stack is up." in CliRunner().invoke(app, ["up"]).stdout


def test_demo__json_is_its_result_and_words_go_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    def go(_settings: Settings, console: Console, *, bring_up: Callable[[], None], **_options: Any) -> Mock:
        bring_up()
        console.print("a step")
        return Mock(to_dict=lambda: {"sent": 1})

    def bring_up(_settings: Settings, *, console: Console, unpause: bool = True) -> None:
        console.print(f"up, unpaused: {unpause}")

    monkeypatch.setattr("playhead.demo.run.run_demo", go)
    monkeypatch.setattr("playhead.cli_stack.bring_up", bring_up)
    done = CliRunner().invoke(app, ["demo", "--json"])
    told = "up, unpaused: False\na step\nup, unpaused: True\n"
    assert (done.stdout, done.stderr) == ('{"sent": 1}\n', told)
    assert CliRunner().invoke(app, ["demo"]).stdout == told
