"""Commands for the embedded stack (up, down, status, logs, doctor) and for the topics of any Kafka (topics …)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from playhead.errors import StackError
from playhead.io.kafka import client_config, committed_offsets, consumer_lag, ensure_topics, topic_health
from playhead.io.topics import Topic, declared_topics
from playhead.local import doctor as checks
from playhead.local.airflow_env import ADMIN, password_file
from playhead.local.stack import HEALTHY, STOPPED, PartStatus, Report, Stack
from playhead.local.supervision import log_file
from playhead.settings import Settings, get_settings

topics = typer.Typer(
    help="The Kafka topics: what is declared, created, healthy, and how far the streaming app is behind.", no_args_is_help=True
)
_console = Console()
_Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
_GOOD, _BAD = "[green]●[/]", "[red]●[/]"


def up(parts: Annotated[list[str] | None, typer.Argument(help="Only these parts; by default all.")] = None) -> None:
    """Start the embedded stack and wait until it is healthy. Running it again starts what is missing."""
    bring_up(get_settings(), parts or ())


def bring_up(settings: Settings, parts: Sequence[str] = (), *, unpause: bool = True) -> None:
    """Start the stack with progress on the terminal, and print its addresses."""
    stack = Stack(settings)
    with _progress() as report:
        started = stack.up(report, parts, unpause=unpause)
    lines = [line for line in stack.status() if line.pid]
    _console.print("[bold green]The stack is up.[/]" if started else "[bold green]The stack is up already.[/]")
    _print_addresses(lines, settings)


def down() -> None:
    """Stop the embedded stack; state stays. Nothing of it runs afterwards."""
    stack = Stack(get_settings())
    with _progress() as report:
        ran = stack.down(report)
    _console.print("The stack is down." if ran else "Nothing was running.")


def status(as_json: _Json = False) -> None:
    """Show every part: process, health, memory, address. Exit code 1 when a part is not healthy."""
    lines = Stack(get_settings()).status()
    if as_json:
        _console.print_json(json.dumps([asdict(line) for line in lines]))
    else:
        _console.print(_status_table(lines))
    if not all(line.healthy for line in lines):
        raise typer.Exit(1)


def logs(
    part: Annotated[str | None, typer.Argument(help="A part (see status); by default all.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many lines to begin with.")] = 50,
) -> None:
    """Show the end of the logs."""
    stack = Stack(get_settings())
    names = [program.name for program in stack.programs]
    if part is not None and part not in names:
        raise StackError(f"the stack has no part {part}; its parts are {', '.join(names)}")
    files = [path for name in ([part] if part else names) if (path := log_file(stack.home, name)).exists()]
    if not files:
        raise StackError(f"no logs yet under {stack.home / 'logs'}; start the stack with `playhead up`")
    try:
        subprocess.run(["tail", "-n", str(lines), *(["-F"] if follow else []), *files], check=False)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def doctor(as_json: _Json = False) -> None:
    """Check this machine: every missing prerequisite and how to get it. Exit code 1 when a required one is missing."""
    findings = checks.examine(get_settings())
    if as_json:
        _console.print_json(json.dumps([asdict(finding) for finding in findings]))
    else:
        table = Table("", "What", "Found", "How to get it", box=None)
        for finding in findings:
            mark = _GOOD if finding.ok else _BAD if finding.required else "[yellow]●[/]"
            table.add_row(mark, finding.name, finding.detail, finding.remedy)
        _console.print(table)
    if not checks.passed(findings):
        raise typer.Exit(1)


@topics.command("list")
def list_topics(as_json: _Json = False) -> None:
    """Show the declared topics."""
    rows = [(t.name, t.partitions, t.replication, t.retention.days, t.max_message_bytes) for t in _declared().values()]
    _print_rows(("topic", "partitions", "replication", "retention_days", "max_message_bytes"), rows, as_json=as_json)


@topics.command("ensure")
def ensure() -> None:
    """Create missing topics and raise partitions and limits to what is declared; never lowers or deletes."""
    changes = ensure_topics(client_config(get_settings()), list(_declared().values()))
    _console.print("\n".join(changes) if changes else "All topics are as declared.")


@topics.command("health")
def health(as_json: _Json = False) -> None:
    """Show leaders and in-sync replicas. Exit code 1 when a topic is not healthy."""
    found = topic_health(client_config(get_settings()), list(_declared()))
    rows = [(t.name, t.exists, t.partitions, t.leaderless, t.under_replicated) for t in found]
    _print_rows(("topic", "exists", "partitions", "leaderless", "under_replicated"), rows, as_json=as_json)
    if not all(topic.healthy for topic in found):
        raise typer.Exit(1)


@topics.command("lag")
def lag(
    checkpoint: Annotated[str | None, typer.Option(help="Checkpoint of the streaming query; by default the lake's.")] = None,
    as_json: _Json = False,
) -> None:
    """Show how many records the streaming app has not processed yet, by its last committed batch."""
    settings = get_settings()
    committed = committed_offsets(checkpoint or settings.checkpoint)
    families = [name for name in _declared() if name.endswith(("_events", "_interactions"))]
    found = consumer_lag(client_config(settings), committed, families)
    rows = [(each.topic, each.partition, each.committed, each.end, each.records) for each in found]
    _print_rows(("topic", "partition", "committed", "end", "lag"), rows, as_json=as_json)


def _declared() -> dict[str, Topic]:
    settings = get_settings()
    return declared_topics(settings.topic_partitions, settings.topic_replication)


def _print_rows(columns: tuple[str, ...], rows: Sequence[tuple[str | int, ...]], *, as_json: bool) -> None:
    if as_json:
        _console.print_json(json.dumps([dict(zip(columns, row, strict=True)) for row in rows]))
        return
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*map(str, row))
    _console.print(table)


def _print_addresses(lines: list[PartStatus], settings: Settings) -> None:
    table = Table("", "Part", "Address", box=None)
    for line in lines:
        if line.address:
            table.add_row(_GOOD if line.healthy else _BAD, line.name, line.address)
    _console.print(table, soft_wrap=True)
    if any(line.name == "airflow-api-server" for line in lines):
        _console.print(f"Airflow user [bold]{ADMIN}[/]; password in {password_file(settings.home)}", soft_wrap=True)


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
    columns = (SpinnerColumn(finished_text="[green]●"), TextColumn("{task.description:<22}"), TextColumn("{task.fields[doing]}"))
    with Progress(*columns, TimeElapsedColumn(), console=_console) as progress:
        tasks: dict[str, TaskID] = {}

        def report(part: str, doing: str) -> None:
            if part not in tasks:
                tasks[part] = progress.add_task(part, total=1, doing=doing)
            progress.update(tasks[part], doing=doing, completed=1 if doing in (HEALTHY, STOPPED) else 0)

        yield report
