"""`playhead simulate`: synthetic viewers, to Kafka or to files."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from playhead.errors import SettingsError
from playhead.events.simulator import JsonlSink, KafkaSink, ParquetSink, SimulationOptions, SimulationSummary, completed_run, run_simulation
from playhead.events.simulator.sinks import Sink
from playhead.settings import Settings, get_settings

app = typer.Typer()


class Output(StrEnum):
    """Where the records go."""

    KAFKA = "kafka"
    JSONL = "jsonl"
    PARQUET = "parquet"


@app.command("simulate")
def simulate(
    users: Annotated[int, typer.Option(help="Viewers.")] = 2000,
    titles: Annotated[int, typer.Option(help="Titles in the catalogue.")] = 300,
    days: Annotated[int, typer.Option(help="Days, the last one being the last complete UTC day at the first run.")] = 35,
    rate: Annotated[float, typer.Option(min=0, help="Events per second to Kafka; 0 is as fast as possible.")] = 0,
    seed: Annotated[int, typer.Option(help="Same seed, same events.")] = 42,
    output: Annotated[Output, typer.Option(help="Kafka, or files with the same records.")] = Output.KAFKA,
    directory: Annotated[Path | None, typer.Option("--dir", help="Where files go (jsonl, parquet).")] = None,
    duplicates: Annotated[float, typer.Option(help="Share of events sent twice.")] = 0.01,
    bad: Annotated[float, typer.Option(help="Records that no contract accepts, as a share of the events.")] = 0.01,
    late: Annotated[float, typer.Option(help="Events received more than 7 days after they happened, as a share.")] = 0.001,
    disorder: Annotated[float, typer.Option(help="Share of events sent up to minutes after later ones.")] = 0.02,
    clock_skew: Annotated[float, typer.Option(help="Share of sessions whose clock is up to 2 minutes wrong.")] = 0.01,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one line of JSON.")] = False,
) -> None:
    """Simulate viewers: 24 event types of synthetic people, the same for the same seed.

    Running again with the same options goes on where the last run ended and sends nothing twice.
    """
    options = SimulationOptions(users, titles, days, seed, duplicates, bad, late, disorder, clock_skew)
    settings = get_settings()
    now_day = datetime.now(UTC).date()
    summary = None
    if output is Output.KAFKA:
        summary = completed_run(options, home=settings.home, now_day=now_day, ledger_dir=settings.ledger_dir)
    if summary is None:
        summary = _run(options, settings, now_day, _sink_opener(output, directory, options, settings, rate), quiet=as_json)
    if as_json:
        typer.echo(json.dumps(summary.as_dict()))
    else:
        _show(summary)


def _sink_opener(output: Output, directory: Path | None, options: SimulationOptions, settings: Settings, rate: float) -> Callable[[], Sink]:
    if output is not Output.KAFKA:
        if directory is None:
            raise SettingsError(f"--output {output.value} needs --dir, the directory to write to")
        target, kind = directory, ParquetSink if output is Output.PARQUET else JsonlSink
        return lambda: kind(target)
    return lambda: _open_kafka(options, settings, rate)


def _open_kafka(options: SimulationOptions, settings: Settings, rate: float) -> Sink:
    from playhead.events.ledger import Ledger
    from playhead.events.producer import Producer
    from playhead.io.kafka import client_config, ensure_topics
    from playhead.io.topics import declared_topics

    client = client_config(settings)
    ensure_topics(client, list(declared_topics(settings.topic_partitions, settings.topic_replication).values()))
    return KafkaSink(Producer(client, Ledger(settings.ledger_dir, options.producer_id)), rate)


def _run(options: SimulationOptions, settings: Settings, now_day: date, open_sink: Callable[[], Sink], *, quiet: bool) -> SimulationSummary:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[records]:,} records"), console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("simulating days", total=options.days, records=0)
        seen: set[date] = set()
        records = 0

        def advance(count: int, day: date) -> None:
            nonlocal records
            records += count
            seen.add(day)
            bar.update(task, completed=len(seen), records=records)

        return run_simulation(options, home=settings.home, now_day=now_day, open_sink=open_sink, progress=advance)


def _show(summary: SimulationSummary) -> None:
    console = Console()
    console.print(
        f"{summary.records:,} synthetic records of {summary.first_day} to {summary.last_day} as {summary.producer_id}; "
        f"{summary.sent_now:,} sent now in {summary.seconds:.1f} s ({summary.rate:,.0f}/s)",
        highlight=False,
    )
    table = Table("records", "count", title="By kind, and valid ones by event type", title_justify="left")
    for name, count in {**summary.kinds, **summary.event_types}.items():
        table.add_row(name, f"{count:,}")
    console.print(table)
