"""`playhead topics …`: the topics of any Kafka, the stack's or another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json
from playhead.cli_start import settings
from playhead.errors import ExitCode

if TYPE_CHECKING:
    from playhead.io.topics import Topic

app = typer.Typer(help="Kafka's topics: declared, created, healthy, and how far behind.", no_args_is_help=True)

_DECLARED = ("topic", "partitions", "replication", "retention_days", "max_message_bytes")
_HEALTH = ("topic", "exists", "partitions", "leaderless", "under_replicated")
_LAG = ("topic", "partition", "committed", "end", "lag")


def _shape(columns: Sequence[str], each: str) -> str:
    return f"an array with an object for each {each}: {', '.join(columns)}"


@app.command("list")
def list_topics(as_json: Annotated[bool, json_option(_shape(_DECLARED, "topic"))] = False) -> None:
    """Show the declared topics.

    Examples:
      playhead topics list
    """
    rows = [(t.name, t.partitions, t.replication, t.retention.days, t.max_message_bytes) for t in _declared().values()]
    _print_rows(_DECLARED, rows, as_json=as_json)


@app.command("ensure")
def ensure(as_json: Annotated[bool, json_option("an array with a sentence for each change")] = False) -> None:
    """Create missing topics, and raise partitions and limits to what is declared.

    Nothing is lowered and nothing is deleted.

    Examples:
      playhead topics ensure
    """
    from playhead.io.kafka import client_config, ensure_topics

    changes = ensure_topics(client_config(settings()), list(_declared().values()))
    if as_json:
        print_json(changes)
    else:
        answers.print("\n".join(changes) if changes else "All topics are as declared.")


@app.command("health")
def health(as_json: Annotated[bool, json_option(_shape(_HEALTH, "topic"))] = False) -> None:
    """Show leaders and in-sync replicas.

    Exit code 1 when a topic is not healthy.

    Examples:
      playhead topics health
    """
    from playhead.io.kafka import client_config, topic_health

    found = topic_health(client_config(settings()), list(_declared()))
    rows = [(t.name, t.exists, t.partitions, t.leaderless, t.under_replicated) for t in found]
    _print_rows(_HEALTH, rows, as_json=as_json)
    if not all(topic.healthy for topic in found):
        raise typer.Exit(ExitCode.NO)


@app.command("lag")
def lag(
    checkpoint: Annotated[str | None, typer.Option(help="Checkpoint of the streaming query; by default the lake's.")] = None,
    as_json: Annotated[bool, json_option(_shape(_LAG, "partition"))] = False,
) -> None:
    """Show how many records the streaming app has not processed yet.

    It counts from the app's last committed batch.

    Examples:
      playhead topics lag
      playhead topics lag --json
    """
    from playhead.io.kafka import client_config, committed_offsets, consumer_lag

    values = settings()
    committed = committed_offsets(checkpoint or values.checkpoint)
    families = [name for name in _declared() if name.endswith(("_events", "_interactions"))]
    found = consumer_lag(client_config(values), committed, families)
    rows = [(each.topic, each.partition, each.committed, each.end, each.records) for each in found]
    _print_rows(_LAG, rows, as_json=as_json)


def _declared() -> dict[str, Topic]:
    from playhead.io.topics import declared_topics

    values = settings()
    return declared_topics(values.topic_partitions, values.topic_replication)


def _print_rows(columns: Sequence[str], rows: Sequence[tuple[str | int, ...]], *, as_json: bool) -> None:
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*map(str, row))
    answers.print(table)
