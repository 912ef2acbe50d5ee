"""`playhead simulate`: synthetic viewers, to Kafka or to files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json, words
from playhead.cli_start import settings
from playhead.errors import SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from playhead.events.simulator import SimulationOptions, SimulationSummary
    from playhead.events.simulator.sinks import Sink
    from playhead.settings import Settings

app = typer.Typer()

_SHAPE = "an object: producer_id, first_day, last_day, records, sent_now, seconds, rate, and counts by name in kinds and event_types"


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
    as_json: Annotated[bool, json_option(_SHAPE)] = False,
) -> None:
    """Simulate viewers; the same seed gives the same events.

    Running again with the same options goes on where the last run ended and sends nothing twice.

    Examples:
      playhead simulate --users 500 --days 7
      playhead simulate --rate 200
      playhead simulate --output parquet --dir raw
    """
    from playhead.events.simulator import SimulationOptions

    options = SimulationOptions(users, titles, days, seed, duplicates, bad, late, disorder, clock_skew)
    if output is Output.KAFKA:
        summary = run_to_kafka(options, settings(), rate=rate, quiet=as_json)
    else:
        summary = _run(options, settings(), datetime.now(UTC).date(), _file_opener(output, directory), quiet=as_json)
    if as_json:
        print_json(summary.as_dict())
    else:
        show_summary(summary, answers)


def run_to_kafka(options: SimulationOptions, values: Settings, *, rate: float = 0, quiet: bool = False) -> SimulationSummary:
    """Send what Kafka does not have of a simulation yet."""
    from playhead.events.simulator import completed_run

    now_day = datetime.now(UTC).date()
    done = completed_run(options, home=values.home, now_day=now_day, ledger_dir=values.ledger_dir)
    return done or _run(options, values, now_day, lambda: _open_kafka(options, values, rate), quiet=quiet)


def show_summary(summary: SimulationSummary, console: Console) -> None:
    """What was sent, by kind and event type."""
    console.print(
        f"{summary.records:,} synthetic records of {summary.first_day} to {summary.last_day} as {summary.producer_id}; "
        f"{summary.sent_now:,} sent now in {summary.seconds:.1f} s ({summary.rate:,.0f}/s)",
        highlight=False,
    )
    table = Table("records", "count", title="By kind, and valid ones by event type", title_justify="left")
    for name, count in {**summary.kinds, **summary.event_types}.items():
        table.add_row(name, f"{count:,}")
    console.print(table)


def _file_opener(output: Output, directory: Path | None) -> Callable[[], Sink]:
    from playhead.events.simulator import JsonlSink, ParquetSink

    if directory is None:
        raise SettingsError(f"--output {output.value} needs --dir, the directory to write to")
    kind = ParquetSink if output is Output.PARQUET else JsonlSink
    return lambda: kind(directory)


def _open_kafka(options: SimulationOptions, values: Settings, rate: float) -> Sink:
    from playhead.events.ledger import Ledger
    from playhead.events.producer import Producer
    from playhead.events.simulator import KafkaSink
    from playhead.io.kafka import client_config, ensure_topics
    from playhead.io.topics import declared_topics

    client = client_config(values)
    ensure_topics(client, list(declared_topics(values.topic_partitions, values.topic_replication).values()))
    return KafkaSink(Producer(client, Ledger(values.ledger_dir, options.producer_id)), rate)


def _run(options: SimulationOptions, values: Settings, now_day: date, open_sink: Callable[[], Sink], *, quiet: bool) -> SimulationSummary:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from playhead.events.simulator import run_simulation

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[records]:,} records"), console=words, disable=quiet) as bar:
        task = bar.add_task("simulating days", total=options.days, records=0)
        seen: set[date] = set()
        records = 0

        def advance(count: int, day: date) -> None:
            nonlocal records
            records += count
            seen.add(day)
            bar.update(task, completed=len(seen), records=records)

        return run_simulation(options, home=values.home, now_day=now_day, open_sink=open_sink, progress=advance)
