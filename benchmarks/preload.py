"""The records that benches work on: simulated once, kept as Parquet, and put into a broker as the product's producer sends them."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.dataset as ds
from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as KafkaProducer

from playhead.events.simulator import ParquetSink, SimulationOptions, run_simulation

logger = logging.getLogger(__name__)

# Always the same days, so that a bench works on the same bytes whenever it runs.
_TODAY = date(2026, 2, 1)
# A viewer makes about 1,100 records in 35 days, so over 30 on a day; of few viewers some are idle.
_RECORDS_PER_USER = 800
_RECORDS_PER_DAY = 20
_FEWEST_USERS = 50
_FEWEST_DAYS = 2
_SENT_AT_ONCE = 20_000
_PRODUCER = {
    "acks": "all",
    "enable.idempotence": True,
    "compression.type": "lz4",
    "linger.ms": 5,
    "batch.size": 900_000,
    "message.max.bytes": 5 * 1024 * 1024,
    "queue.buffering.max.messages": 500_000,
    "delivery.report.only.error": True,
}

Advance = Callable[[int], None]


def simulation_options(size: int, *, is_valid: bool = False) -> SimulationOptions:
    """The simulator's default dials with enough viewers for `size` records; few records take fewer days.

    `is_valid` leaves out bad, late and doubled ones.
    """
    dials = SimulationOptions()
    users = max(_FEWEST_USERS, -(-size // _RECORDS_PER_USER))
    days = min(dials.days, max(_FEWEST_DAYS, -(-size // (_FEWEST_USERS * _RECORDS_PER_DAY))))
    dials = replace(dials, users=users, days=days)
    return replace(dials, bad=0, late=0, duplicates=0) if is_valid else dials


def simulated_records(state_dir: Path, size: int, *, is_valid: bool = False) -> Path:
    """A directory of Parquet files with at least `size` records; simulated at the first call, kept for the next ones.

    Raises:
        ValueError: the simulation has fewer records.
    """
    options = simulation_options(size, is_valid=is_valid)
    home = state_dir / f"simulation-{size}{'-valid' if is_valid else ''}"
    if not home.is_dir():
        partial = home.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        summary = run_simulation(options, home=partial, now_day=_TODAY, open_sink=lambda: ParquetSink(partial / "records"))
        if summary.records < size:
            raise ValueError(f"the simulation has {summary.records} records, {size} are needed; raise _FEWEST_USERS or _FEWEST_DAYS")
        partial.rename(home)
    return home / "records"


def produce(bootstrap: str, records: Path, size: int, producer_id: str, advance: Advance) -> None:
    """Send the first `size` records to their topics, in order, with the headers of the product's producer.

    Raises:
        KafkaException: the broker refused a record.
    """
    refused: list[KafkaError] = []

    def report(error: KafkaError, _message: Message) -> None:
        refused.append(error)

    producer = KafkaProducer(_PRODUCER | {"bootstrap.servers": bootstrap, "on_delivery": report, "logger": logger})
    left = size
    files = sorted(records.glob("part-*.parquet"))
    for batch in ds.dataset(files).to_batches(columns=["topic", "key", "value", "sequence"], batch_size=_SENT_AT_ONCE):
        rows = batch.slice(0, left)
        for topic, key, value, sequence in zip(*(column.to_pylist() for column in rows.columns), strict=True):
            headers = [("producer_id", producer_id.encode()), ("producer_sequence", b"%d" % sequence)]
            while True:
                try:
                    producer.produce(topic, value, key, headers=headers)
                except BufferError:
                    producer.poll(0.1)
                    continue
                break
        producer.poll(0)
        advance(rows.num_rows)
        left -= rows.num_rows
        if left == 0:
            break
    producer.flush()
    if refused:
        raise KafkaException(refused[0])
