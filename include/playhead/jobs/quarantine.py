"""The quarantine: what bronze rejected and nobody has replayed yet, and the way back into the stream.

quarantined = rejected less replayed. A replay sends the same bytes again, with headers that say which record they replay and when the
first producer received it; the stream judges them anew. A replay that is rejected again is quarantined in its own name.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from playhead.contracts.model import event_types
from playhead.errors import BuildError
from playhead.events.ledger import Ledger
from playhead.events.producer import Producer, Record
from playhead.io.delta import read_table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

PRODUCER_ID = "quarantine-replay"
_BATCH = 500
_COLUMNS = (
    "record_id", "topic", "rejected_because", "event_id", "event_type", "user_id", "session_id", "received_at", "kafka_timestamp",
    "landed_at", "raw",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rejected records: all that carry one of the reasons, are among the ids (topic/partition/offset) and meet the condition."""

    reasons: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    where: str = ""
    again: bool = False


def with_record_id(events: DataFrame) -> DataFrame:
    """Adds `record_id`, the name a record has for people and in `replay_of`: topic/partition/offset."""
    return events.withColumns({"record_id": F.concat_ws("/", "topic", "partition", "offset")})


def build_quarantine(events: DataFrame) -> DataFrame:
    """Rejected records that no other record replays.

    Grain: one row per Kafka record of bronze.events.
    """
    replayed = events.where("replay_of IS NOT NULL").select(F.col("replay_of").alias("record_id")).distinct()
    return _rejected(events).join(replayed, "record_id", "left_anti")


def filter_chosen(events: DataFrame, choice: Choice) -> DataFrame:
    """The rejected records that the choice means; already replayed ones only with `again`.

    Raises:
        BuildError: the condition is not a SQL condition over the quarantine's columns.
    """
    chosen = _rejected(events) if choice.again else build_quarantine(events)
    if choice.reasons:
        chosen = chosen.where(F.arrays_overlap("rejected_because", F.array(*map(F.lit, choice.reasons))))
    if choice.ids:
        chosen = chosen.where(F.col("record_id").isin(list(choice.ids)))
    if not choice.where:
        return chosen
    try:
        chosen = chosen.where(choice.where)
        chosen.schema  # noqa: B018  asks the engine, so that a wrong condition is found here
    except (AnalysisException, ParseException) as error:
        raise BuildError(f"--where {choice.where!r} is no condition on {', '.join(_COLUMNS)}: {_first_line(error)}") from error
    return chosen


def count_reasons(quarantine: DataFrame) -> list[dict[str, Any]]:
    """Records by landing day, topic and reason, newest day first; a record with two reasons counts under both."""
    exploded = quarantine.select(F.to_date("landed_at").alias("landed_date"), "topic", F.explode("rejected_because").alias("reason"))
    counted = exploded.groupBy("landed_date", "topic", "reason").agg(F.count("*").alias("records_count"))
    rows = counted.orderBy(F.desc("landed_date"), "topic", F.desc("records_count"), "reason").collect()
    return [row.asDict() for row in rows]


def read_chosen(spark: SparkSession, lake: str, choice: Choice) -> DataFrame:
    """The chosen rejected records of a lake, in order of arrival."""
    return filter_chosen(read_table(spark, lake, "bronze.events"), choice).orderBy("landed_at", "topic", "record_id")


def replay(spark: SparkSession, lake: str, client: Mapping[str, Any], ledger_dir: Path, choice: Choice) -> int:
    """Send the chosen records again and return how many; those that were replayed before are left out unless chosen `again`.

    Raises:
        BuildError: an earlier replay has not landed yet, so bronze cannot say what is already replayed.
        BrokerError: Kafka did not take some record.
    """
    ledger = Ledger(ledger_dir, PRODUCER_ID)
    try:
        _require_landed(spark, lake, ledger)
        producer = Producer(client, ledger)
        rows = iter(read_chosen(spark, lake, choice).collect())
        sent = sum(len(producer.send([_record(row.asDict()) for row in group])) for group in _groups(rows))
    finally:
        ledger.close()
    logger.info("replayed=%d", sent)
    return sent


def _rejected(events: DataFrame) -> DataFrame:
    return with_record_id(events.where("rejected_because IS NOT NULL")).select(*_COLUMNS)


def _require_landed(spark: SparkSession, lake: str, ledger: Ledger) -> None:
    landed = read_table(spark, lake, "bronze.events").where(F.col("producer_id") == PRODUCER_ID)
    sequences = {row.producer_sequence for row in landed.select("producer_sequence").distinct().collect()}
    waiting = set(ledger.acked_sequences().to_pylist()) - sequences
    if waiting:
        raise BuildError(
            f"{len(waiting)} replayed records are on their way to bronze; wait until `playhead topics lag` shows none, then replay again"
        )


def _record(row: Mapping[str, Any]) -> Record:
    """The record to send: the same bytes, to the topic of its family where its type is known, else to where it came from."""
    known = event_types().get(row["event_type"] or "")
    received = row["received_at"] or row["kafka_timestamp"]
    return Record(
        topic=known.topic if known else row["topic"],
        key=row["user_id"] or row["session_id"] or "",
        value=bytes(row["raw"]),
        event_id=row["event_id"] or "",
        headers=(("replay_of", row["record_id"].encode()), ("received_at", f"{received:%Y-%m-%dT%H:%M:%S.%fZ}".encode())),
    )


def _groups(rows: Iterator[Any]) -> Iterable[list[Any]]:
    while group := list(islice(rows, _BATCH)):
        yield group


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
