"""`make oracle`: gold and the BI views of the running stack against the oracle, over the very records that its Kafka holds.

One line for each table and view, and at the end one line of JSON; ends with 1 where any of them differs.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from differences import compare
from oracle_told import Told
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from oracle import oracle_gold, oracle_views
from playhead.contracts.model import event_types
from playhead.errors import BrokerError, PlayheadError
from playhead.io.kafka import client_config, consumer_lag
from playhead.io.snowflake import fetch_rows, warehouse_connection
from playhead.settings import Settings, get_settings

TOPICS = sorted({kind.topic for kind in event_types().values()})
AT_ONCE = 10_000


def raw_events(settings: Settings, directory: Path, progress: Progress) -> list[Path]:
    """What Kafka holds of the events, as a file for each topic with a record on each line."""
    client = client_config(settings)
    partitions = consumer_lag(client, {}, TOPICS)
    task = progress.add_task("Kafka's records", total=sum(each.records for each in partitions))
    expired = sorted({each.topic for each in partitions if each.committed > 0})
    if expired:
        raise BrokerError(
            f"the retention of {', '.join(expired)} has passed over records; the oracle needs all: start anew with `make demo`"
        )
    paths = {topic: directory / f"{topic}.jsonl" for topic in TOPICS}
    files = {topic: path.open("wb") for topic, path in paths.items()}
    try:
        for topic, values in _consume(client, [TopicPartition(p.topic, p.partition, OFFSET_BEGINNING) for p in partitions]):
            # A line break between tokens is any other white space; within a text it is as wrong as this.
            files[topic].write(b"".join(value.replace(b"\n", b"\r") + b"\n" for value in values))
            progress.advance(task, len(values))
    finally:
        for file in files.values():
            file.close()
    return sorted(paths.values())


def _consume(client: dict[str, str], partitions: list[TopicPartition]) -> Iterator[tuple[str, list[bytes]]]:
    """The values of all records, in batches of one topic, to the end of each partition."""
    consumer = Consumer({**client, "group.id": "oracle", "enable.auto.commit": False, "enable.partition.eof": True})
    try:
        consumer.assign(partitions)
        open_partitions = len(partitions)
        while open_partitions:
            values: dict[str, list[bytes]] = {}
            for message in consumer.consume(AT_ONCE, timeout=1):
                error = message.error()
                if error is None:
                    values.setdefault(str(message.topic()), []).append(message.value() or b"")
                elif error.code() == KafkaError._PARTITION_EOF:
                    open_partitions -= 1
                else:
                    raise BrokerError(f"Kafka does not hand out its records: {error.str()}; see `playhead logs kafka`")
            yield from values.items()
    finally:
        consumer.close()


def compare_warehouse(settings: Settings, paths: list[Path]) -> Iterator[tuple[str, int, list[Any]]]:
    """What the warehouse holds against all that the oracle makes of these files."""
    with closing(warehouse_connection(settings)) as connection:
        query = partial(fetch_rows, connection)
        day = query("SELECT MAX(EVENT_DATE) AS DAY FROM GOLD.AUDIENCE_DAILY")[0]["DAY"]
        told = Told(*(query(f"SELECT * FROM {told}") for told in ("GOLD.CHURN_SCORES", "GOLD.RECOMMENDATIONS", "OPS.LOAD_LOG")))
        yield from compare(query, oracle_gold(paths, day, told=told) | oracle_views(paths, day))


def main() -> int:
    """Read, recompute, compare, tell."""
    console, settings = Console(stderr=True), get_settings()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    found: dict[str, bool] = {}
    with tempfile.TemporaryDirectory(prefix="oracle-") as directory:
        with Progress(*columns, console=console) as progress:
            paths = raw_events(settings, Path(directory), progress)
        with console.status("The oracle recomputes"):
            for name, rows_count, differing in compare_warehouse(settings, paths):
                found[name] = not differing
                told = f"{len(differing):,} values differ, first {differing[0]}" if differing else "equal"
                console.print(f"{name}: {rows_count:,} rows, {told}", highlight=False)
    tables = sum(name.startswith("gold.") for name in found)
    different = [name for name, is_equal in found.items() if not is_equal]
    print(json.dumps({"tables": tables, "views": len(found) - tables, "equal": len(found) - len(different), "different": different}))
    return 1 if different else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except PlayheadError as error:
        sys.exit(f"error: {error}")
