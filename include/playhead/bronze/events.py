"""Kafka records to bronze.events: one parse, one row each, nothing dropped.

Grain: one row per Kafka record. A record that breaks its contract keeps its bytes and the reasons; late events are flagged, not rejected.
Running again over the same records gives the same rows (landed_at is given, not read from a clock).

Plain records, nearly all, go through vectorised engines; the few others are read one by one. Which way a record went cannot be told from
its row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa

from playhead.bronze.exact import Received, read_record
from playhead.bronze.plain import ROW, read_plain
from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract

# What is known of a record besides its value. `received_at` is the header's time of first receipt, as text.
RECORD_SCHEMA = pa.schema(
    [
        ("value", pa.binary()),
        ("topic", pa.string()),
        ("partition", pa.int32()),
        ("offset", pa.int64()),
        ("kafka_timestamp", pa.timestamp("us", "UTC")),
        ("producer_id", pa.string()),
        ("producer_sequence", pa.int64()),
        ("replay_of", pa.string()),
        ("received_at", pa.string()),
    ]
)
_COORDINATES = ["topic", "partition", "offset", "kafka_timestamp", "producer_id", "producer_sequence", "replay_of"]


@dataclass(frozen=True, slots=True)
class Landing:
    """When these records land, and how much later than it happened an event may be received without being late."""

    landed_at: datetime
    late_horizon: timedelta


def build_events(records: pa.Table, landing: Landing) -> pa.Table:
    """Rows of bronze.events, one for each Kafka record (RECORD_SCHEMA): the plain ones first, then the others."""
    plain = read_plain(records, landing.late_horizon)
    plain_rows = plain[ROW].to_numpy()
    other_rows = np.setdiff1d(np.arange(records.num_rows), plain_rows, assume_unique=True)
    others = records.take(other_rows)
    coordinates = records.select(_COORDINATES)
    return pa.concat_tables(
        [
            _with_landing(plain.drop_columns([ROW]), coordinates.take(plain_rows) if other_rows.size else coordinates, landing),
            _with_landing(_read_exactly(others, landing.late_horizon), others, landing),
        ]
    )


def _read_exactly(records: pa.Table, late_horizon: timedelta) -> pa.Table:
    given = zip(*(records[name].to_pylist() for name in ("value", "topic", "received_at")), strict=True)
    rows = [read_record(Received(value, topic, received_at), late_horizon) for value, topic, received_at in given]
    return pa.Table.from_pylist(rows, _schema())


def _with_landing(rows: pa.Table, records: pa.Table, landing: Landing) -> pa.Table:
    """The rows in their contract's shape, with the records' coordinates and the landing."""
    schema = _schema()
    known = {name: rows[name] for name in rows.column_names} | {name: records[name] for name in _COORDINATES}
    known["landed_at"] = pa.repeat(pa.scalar(landing.landed_at, pa.timestamp("us", "UTC")), rows.num_rows)
    known["landed_date"] = pa.repeat(pa.scalar(landing.landed_at.date(), pa.date32()), rows.num_rows)
    columns = [known[field.name].cast(field.type) if field.name in known else pa.nulls(rows.num_rows, field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


@cache
def _schema() -> pa.Schema:
    return arrow_schema(load_contract("bronze.events"))
