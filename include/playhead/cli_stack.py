"""Commands for the embedded stack: up, down, status, logs, doctor."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json, words
from playhead.cli_start import settings
from playhead.errors import ExitCode, PlayheadError, SettingsError, StackError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from playhead.local.stack import PartStatus, Report, Stack
    from playhead.settings import Settings

_GOOD, _BAD = "[green]●[/]", "[red]●[/]"
_PARTS_SHAPE = "an array with an object for each part: name, state, healthy, pid, uptime_s, memory_mb, address"


def complete_part(incomplete: str) -> list[str]:
    """Names of parts, for the shell."""
    try:
        return [name for name in _names(_stack()) if name.startswith(incomplete)]
    except PlayheadError:
        return []


def up(
    parts: Annotated[
        list[str] | None, typer.Argument(help="Only these parts; by default all.", autocompletion=complete_part, show_default=False)
    ] = None,
    as_json: Annotated[bool, json_option(_PARTS_SHAPE)] = False,
) -> None:
    """Start the stack and wait until it is healthy.

    Running it again starts what is missing and leaves alone what runs.

    Examples:
      playhead up
      playhead up stream
    """
    stack = _stack()
    _require_parts(stack, parts or ())
    bring_up(settings(), parts or (), console=words if as_json else answers)
    if as_json:
        print_json([asdict(line) for line in stack.status()])


def bring_up(values: Settings, parts: Sequence[str] = (), *, unpause: bool = True, console: Console = answers) -> None:
    """Start the stack with progress on the terminal, and print its addresses."""
    from playhead.local.stack import Stack

    stack = Stack(values)
    with _progress() as report:
        started = stack.up(report, parts, unpause=unpause)
    lines = [line for line in stack.status() if line.pid]
    console.print("[bold green]The stack is up.[/]" if started else "[bold green]The stack is up already.[/]")
    _print_addresses(lines, values, console)


def down() -> None:
    """Stop the stack; its state stays.

    Nothing of it runs afterwards, also not what a killed supervisor left behind.

    Examples:
      playhead down
    """
    stack = _stack()
    with _progress() as report:
        ran = stack.down(report)
    answers.print("The stack is down." if ran else "Nothing was running.")


def status(as_json: Annotated[bool, json_option(_PARTS_SHAPE)] = False) -> None:
    """Show every part: process, health, memory, address.

    Exit code 1 when a part is not healthy.

    Examples:
      playhead status
      playhead status --json
    """
    lines = _stack().status()
    if as_json:
        print_json([asdict(line) for line in lines])
    else:
        answers.print(_status_table(lines))
    if not all(line.healthy for line in lines):
        raise typer.Exit(ExitCode.NO)


def logs(
    part: Annotated[str | None, typer.Argument(help="A part (see status); by default all.", autocompletion=complete_part)] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many lines to begin with.")] = 50,
) -> None:
    """Show the end of the parts' logs.

    Examples:
      playhead logs stream
      playhead logs kafka --lines 200 --follow
    """
    from playhead.local.supervision import log_file

    stack = _stack()
    _require_parts(stack, [part] if part else ())
    files = [path for name in ([part] if part else _names(stack)) if (path := log_file(stack.home, name)).exists()]
    if not files:
        raise StackError(f"no logs yet under {stack.home / 'logs'}; start the stack with `playhead up`")
    try:
        subprocess.run(["tail", "-n", str(lines), *(["-F"] if follow else []), *files], check=False)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.DONE) from None


def doctor(as_json: Annotated[bool, json_option("an array of findings: name, ok, required, detail, remedy")] = False) -> None:
    """Check this machine, and say how to get what is missing.

    Exit code 1 when something is missing that the stack cannot run without.

    Examples:
      playhead doctor
    """
    from playhead.local import doctor as checks

    findings = checks.examine(settings())
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        table = Table("", "What", "Found", "How to get it", box=None)
        for finding in findings:
            mark = _GOOD if finding.ok else _BAD if finding.required else "[yellow]●[/]"
            table.add_row(mark, finding.name, finding.detail, finding.remedy)
        answers.print(table)
    if not checks.passed(findings):
        raise typer.Exit(ExitCode.NO)


def _stack() -> Stack:
    from playhead.local.stack import Stack

    return Stack(settings())


def _names(stack: Stack) -> list[str]:
    return [program.name for program in stack.programs]


def _require_parts(stack: Stack, parts: Sequence[str]) -> None:
    unknown = [part for part in parts if part not in _names(stack)]
    if unknown:
        raise SettingsError(f"the stack has no part {', '.join(unknown)}; its parts are {', '.join(_names(stack))}")


def _print_addresses(lines: list[PartStatus], values: Settings, console: Console) -> None:
    from playhead.lakehouse_page.mount import PAGE_ROUTE
    from playhead.local.airflow_env import ADMIN, password_file

    table = Table("", "Part", "Address", box=None)
    for line in lines:
        if line.address:
            table.add_row(_GOOD if line.healthy else _BAD, line.name, line.address)
        if line.name == "airflow-api-server":
            table.add_row(_GOOD if line.healthy else _BAD, "Lakehouse page", f"{line.address}/{PAGE_ROUTE}")
    console.print(table, soft_wrap=True)
    if any(line.name == "airflow-api-server" for line in lines):
        console.print(f"Airflow user [bold]{ADMIN}[/]; password in {password_file(values.home)}", soft_wrap=True)


def _status_table(lines: list[PartStatus]) -> Table:
    table = Table("", "Part", "Process", "Up for", "Memory", "Address", box=None)
    for line in lines:
        mark = _GOOD if line.healthy else _BAD
        process = f"{line.pid}" if line.pid else line.state.lower()
        uptime = f"{line.uptime_s // 60} min {line.uptime_s % 60} s" if line.pid else ""
        table.add_row(mark, line.name, process, uptime, f"{line.memory_mb} MB" if line.pid else "", line.address)
    return table


@contextmanager
def _progress() -> Iterator[Report]:
    """A line for each part, with a spinner until it is done."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from playhead.local.stack import HEALTHY, STOPPED

    columns = (SpinnerColumn(finished_text="[green]●"), TextColumn("{task.description:<22}"), TextColumn("{task.fields[doing]}"))
    with Progress(*columns, TimeElapsedColumn(), console=words) as progress:
        tasks: dict[str, TaskID] = {}

        def report(part: str, doing: str) -> None:
            if part not in tasks:
                tasks[part] = progress.add_task(part, total=1, doing=doing)
            progress.update(tasks[part], doing=doing, completed=1 if doing in (HEALTHY, STOPPED) else 0)

        yield report
