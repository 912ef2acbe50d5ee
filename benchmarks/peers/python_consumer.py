"""Peer: what a good Python engineer would write instead of Spark, Kafka to validated bronze, exactly once.

Two processes with disjoint partitions (confluent-kafka), one DuckDB statement that parses and validates a whole commit's records, the
contract's own validation for the few that are not plainly good, and delta-rs appends that carry the offsets they hold.
"""

from __future__ import annotations

import argparse
import functools
import gc
import json
import multiprocessing
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake

from benchmarks.broker_records import topic_ends
from benchmarks.peers.plain_records import plain_grammar, plain_predicate
from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import event_columns, event_types, load_contract
from playhead.events.validation import Fault, decode_event, find_faults

PROCESSES = 2
COMMIT_RECORDS = 200_000
_CONSUMED_AT_ONCE = 10_000
_LATE_HORIZON = timedelta(days=7)
# The parser would also take `5` or a bare day for a time; as text, the grammar tells.
_PARSED_TYPES = {"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN", "decimal(18,6)": "DECIMAL(18,6)"}
# By way of the epoch: a cast to TIMESTAMP forgets the offset, and one from TIMESTAMPTZ depends on the machine's time zone.
_CLOCKS = {"timestamp": "make_timestamp(epoch_us(TRY_CAST({0} AS TIMESTAMPTZ))) AS {0}", "date": "TRY_CAST({0} AS DATE) AS {0}"}


@dataclass(slots=True)
class Records:
    """Kafka records of one commit, column by column. Values go into Arrow as they come: one array of 200,000 would be grown by copying."""

    values: list[pa.Array] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    partitions: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    timestamps_ms: list[int] = field(default_factory=list)
    headers: list[dict[str, bytes]] = field(default_factory=list)

    def extend(self, messages: Iterable[Message]) -> None:
        """Add what the client handed over.

        Raises:
            KafkaException: the broker reported an error in place of a record.
        """
        values = []
        for message in messages:
            if message.error() is not None:
                raise KafkaException(message.error())
            values.append(message.value() or b"")
            self.topics.append(message.topic())
            self.partitions.append(message.partition())
            self.offsets.append(message.offset())
            self.timestamps_ms.append(message.timestamp()[1])
            self.headers.append(dict(message.headers() or ()))
        self.values.append(pa.array(values, pa.binary()))

    def __len__(self) -> int:
        return len(self.offsets)

    def coordinates(self) -> dict[str, pa.Array]:
        """The columns that do not come out of the JSON."""
        return {
            "topic": pa.array(self.topics, pa.string()),
            "partition": pa.array(self.partitions, pa.int32()),
            "offset": pa.array(self.offsets, pa.int64()),
            "kafka_timestamp": pa.array(self.timestamps_ms, pa.timestamp("ms", "UTC")).cast(pa.timestamp("us", "UTC")),
            "producer_id": self._header("producer_id"),
            "producer_sequence": self._header("producer_sequence").cast(pa.int64()),
            "replay_of": self._header("replay_of"),
        }

    def last_offsets(self) -> list[Transaction]:
        """The greatest offset of each partition, as the transactions of the commit that lands them."""
        last: dict[str, int] = {}
        for topic, partition, offset in zip(self.topics, self.partitions, self.offsets, strict=True):
            last[f"{topic}-{partition}"] = offset
        return [Transaction(app_id, version) for app_id, version in last.items()]

    def _header(self, name: str) -> pa.Array:
        return pa.array([headers.get(name) for headers in self.headers], pa.binary()).cast(pa.string())


class EventReader:
    """Turns records into rows of bronze.events."""

    def __init__(self) -> None:
        self._duckdb = duckdb.connect(config={"threads": 1})
        self._duckdb.execute("SET enable_progress_bar = false")
        self._grammar = plain_grammar()
        types = {c.name: _PARSED_TYPES.get(c.type, "VARCHAR") for c in event_columns()}
        typed = ", ".join(_CLOCKS.get(column.type, "{0}").format(column.name) for column in event_columns())
        families = " ".join(f"WHEN '{topic}' THEN '{family}'" for topic, family in {(e.topic, e.family) for e in event_types().values()})
        self._statement = f"""
            WITH parsed AS (
                SELECT value, topic, fits, unnest(from_json(TRY_CAST(value AS JSON), '{json.dumps(types)}')) FROM records),
            typed AS (SELECT value, topic, fits, {typed} FROM parsed)
            SELECT {", ".join(types)}, CASE topic {families} END AS family, date_trunc('hour', event_timestamp) AS event_hour,
                received_at - event_timestamp > INTERVAL {_LATE_HORIZON.days} DAYS AS is_late,
                coalesce(fits AND {plain_predicate()}, FALSE) AS is_plain,
                strlen(value) - strlen(replace(value, '":', '')) AS key_marks
            FROM typed"""
        self._schema = bronze_schema()

    def read(self, records: Records) -> pa.Table:
        """One row of bronze.events for each record, rejected ones with their reasons and bytes."""
        values = pa.chunked_array(records.values, pa.binary())
        coordinates = records.coordinates()
        # Texts without a check: invalid UTF-8 is no JSON, which the parser finds out.
        texts = pa.chunked_array([pa.Array.from_buffers(pa.string(), len(v), v.buffers()) for v in records.values], pa.string())
        fits = pc.match_substring_regex(values, self._grammar)
        self._duckdb.register("records", pa.table({"value": texts, "topic": coordinates["topic"], "fits": fits}))
        parsed = self._duckdb.sql(self._statement).to_arrow_table().combine_chunks()
        columns = {name: parsed[name].combine_chunks() for name in parsed.column_names}
        # As many values as keys: none is given twice.
        has_one_each = pc.equal(pc.cast(columns.pop("key_marks"), pa.int32()), pc.multiply(_given_count(columns), pa.scalar(2, pa.int32())))
        is_plain = pc.and_(columns.pop("is_plain"), has_one_each)
        judged = self._judge(is_plain, columns, values, records.topics)
        now = datetime.now(UTC)
        landing = {"landed_at": pa.repeat(pa.scalar(now, pa.timestamp("us", "UTC")), len(values))}
        landing["landed_date"] = pa.repeat(pa.scalar(now.date(), pa.date32()), len(values))
        by_name = columns | judged | coordinates | landing
        return pa.Table.from_arrays([by_name[f.name].cast(f.type) for f in self._schema], schema=self._schema)

    def _judge(
        self, is_plain: pa.Array, columns: Mapping[str, pa.Array], values: pa.ChunkedArray, topics: list[str]
    ) -> dict[str, pa.Array]:
        """What a record's verdict decides; records that are not plainly good get theirs from the contract's own validation."""
        doubtful = pc.invert(is_plain)
        count = len(values)
        reasons: list[list[str] | None] = [None] * count
        raw: list[bytes | None] = [None] * count
        extras: list[list[tuple[str, str]] | None] = [None] * count
        rows = pc.indices_nonzero(doubtful).to_pylist()
        families: list[str | None] = []
        for row in rows:
            value = values[row].as_py()
            reasons[row], event = _verdict(value, topics[row])
            if reasons[row]:
                raw[row] = value
                families.append(None)
            else:
                extras[row] = _extras(event)
                families.append(event_types()[event["event_type"]].family)
        is_rejected = pa.array([reason is not None for reason in reasons])
        judged = {name: pc.if_else(is_rejected, pa.scalar(None, columns[name].type), columns[name]) for name in ("event_hour", "is_late")}
        return judged | {
            "family": pc.replace_with_mask(columns["family"], doubtful, pa.array(families, pa.string())),
            "extras": pa.array(extras, self._schema.field("extras").type),
            "rejected_because": pa.array(reasons, self._schema.field("rejected_because").type),
            "raw": pa.array(raw, pa.binary()),
        }


def _given_count(columns: Mapping[str, pa.Array]) -> pa.Array:
    """How many event columns have a value, by row."""
    given = [pc.cast(pc.is_valid(columns[column.name]), pa.int8()) for column in event_columns()]
    return pc.cast(functools.reduce(pc.add, given), pa.int32())


def _verdict(value: bytes, topic: str) -> tuple[list[str] | None, dict[str, Any]]:
    """Why the record is rejected (None where it is not), and its event."""
    event = decode_event(value)
    if isinstance(event, Fault):
        return [event.code], {}
    codes = list(dict.fromkeys(fault.code for fault in find_faults(event)))
    known = event_types().get(str(event.get("event_type")))
    if known is not None and known.topic != topic:
        codes.insert(0, "wrong_topic")
    return codes or None, event


def _extras(event: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    known = {column.name for column in event_columns()}
    unknown = [(name, json.dumps(value, separators=(",", ":"))) for name, value in event.items() if name not in known]
    return unknown or None


def bronze_schema() -> pa.Schema:
    """The columns of bronze.events in Arrow's types."""
    return arrow_schema(load_contract("bronze.events"))


def create_bronze(table: Path) -> None:
    """An empty bronze.events with the statistics that builds need."""
    DeltaTable.create(
        table,
        bronze_schema(),
        partition_by=["landed_date"],
        configuration={"delta.appendOnly": "true", "delta.dataSkippingStatsColumns": "event_hour"},
    )


def land(bootstrap: str, table: Path, ends: Mapping[tuple[str, int], int]) -> int:
    """Land the records of these partitions up to the given ends; returns how many."""
    gc.disable()  # nothing here is cyclic, and walking over a million live objects took a third of the consuming
    bronze, reader = DeltaTable(table), EventReader()
    landed = 0
    for records in batches(bootstrap, bronze, ends):
        write_deltalake(
            bronze,
            reader.read(records),
            mode="append",
            writer_properties=WriterProperties(compression="ZSTD"),
            commit_properties=CommitProperties(app_transactions=records.last_offsets()),
        )
        landed += len(records)
    return landed


def batches(bootstrap: str, bronze: DeltaTable, ends: Mapping[tuple[str, int], int]) -> Iterator[Records]:
    """The records of these partitions from where the table stands up to the given ends, a commit's at a time."""
    consumer = _consumer(bootstrap)
    assigned = []
    for (topic, partition), end in ends.items():
        landed = bronze.transaction_version(f"{topic}-{partition}")
        start = 0 if landed is None else landed + 1
        if start < end:
            assigned.append(TopicPartition(topic, partition, start))
    consumer.assign(assigned)
    records = Records()
    while assigned:
        records.extend(consumer.consume(_CONSUMED_AT_ONCE, timeout=0.1))
        assigned = [p for p in consumer.position(assigned) if p.offset < ends[p.topic, p.partition]]
        if len(records) >= COMMIT_RECORDS or (not assigned and len(records)):
            yield records
            records = Records()
    consumer.close()


def _consumer(bootstrap: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "python_consumer",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            # While a commit's records are parsed and written, the client fetches those of the next one.
            "fetch.max.bytes": 100 * 1024 * 1024,
            "max.partition.fetch.bytes": 16 * 1024 * 1024,
            "queued.min.messages": 1_000_000,
            "queued.max.messages.kbytes": 256 * 1024,
        }
    )


def shares(ends: Mapping[tuple[str, int], int], count: int) -> list[dict[tuple[str, int], int]]:
    """The partitions in `count` disjoint shares of about as many records each."""
    parts: list[dict[tuple[str, int], int]] = [{} for _ in range(count)]
    for partition, end in sorted(ends.items(), key=lambda item: item[1], reverse=True):
        min(parts, key=lambda part: sum(part.values()))[partition] = end
    return parts


def main() -> None:
    """Land everything that the broker holds now."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--table", type=Path, required=True)
    arguments = parser.parse_args()
    if not DeltaTable.is_deltatable(str(arguments.table)):
        create_bronze(arguments.table)
    parts = shares(topic_ends(arguments.bootstrap), PROCESSES)
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        landed = sum(pool.map(land, [arguments.bootstrap] * PROCESSES, [arguments.table] * PROCESSES, parts))
    print(f"{landed} records landed")


if __name__ == "__main__":
    main()
