"""Plain records as bronze rows, many at a time: one linear match, one parse and one set of tests, in vectorised engines.

Sound, not complete: a row comes back only for a record that is surely valid, and holds what the exact reader would have read. What does
not come back is no verdict; bronze/exact.py reads those.
"""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlglot

from playhead.bronze.grammar import plain_record
from playhead.contracts.model import FAMILIES, event_columns, event_types
from playhead.quality.contract_rules import event_demands

ROW = "row"  # position of a record among those given


def read_plain(records: pa.Table, late_horizon: timedelta) -> pa.Table:
    """The rows of those records that are plain and valid: event columns, family, event_hour, is_late, and `row`, the record's position.

    Args:
        records: columns value (binary) and topic.
        late_horizon: an event received longer than this after it happened is late.
    """
    engine = _engine()
    engine.register("texts", _texts(records))
    rows = engine.sql(_statement(late_horizon)).to_arrow_table()
    engine.unregister("texts")
    return rows.filter(rows["is_vouched"]).drop_columns(["is_vouched"])


def _texts(records: pa.Table) -> pa.Table:
    """`text`, topic and row of all records, and whether the text `is_plain`; of one that is not the bytes may be no text at all."""
    given = records["value"]
    values = given.chunk(0) if given.num_chunks == 1 else given.combine_chunks()  # which would copy one chunk too
    is_plain = pc.and_(pc.match_substring_regex(values, plain_record()), _is_utf8(values))  # the match over bytes knows no UTF-8
    return pa.table(
        {
            "text": pa.Array.from_buffers(pa.string(), len(values), values.buffers(), offset=values.offset),
            "is_plain": is_plain,
            "topic": records["topic"],
            ROW: pa.array(np.arange(records.num_rows)),
        }
    )


def _is_utf8(values: pa.BinaryArray) -> pa.BooleanArray:
    """Which values are UTF-8. Nearly all are, so halves are looked at until one is, or is a single value."""
    try:
        values.cast(pa.string())
    except pa.ArrowInvalid:
        middle = len(values) // 2
        return pa.concat_arrays([_is_utf8(values[:middle]), _is_utf8(values[middle:])]) if middle else pa.array([False])
    return pa.repeat(True, len(values))


@cache
def _statement(late_horizon: timedelta) -> duckdb.Statement:
    """The query, parsed once: its text is long enough for that to take longer than the records of a small batch."""
    return _engine().extract_statements(_query(late_horizon))[0]


def _query(late_horizon: timedelta) -> str:
    names = [column.name for column in event_columns()]
    shape = json.dumps({column.name: column.type for column in event_columns()})  # the engine knows Spark's names of these types
    given = " + ".join(f'("{name}" IS NOT NULL)::INT' for name in names)
    valid = " AND ".join(f"({_translated(demand)})" for demand in event_demands())
    family = " ".join(f"WHEN event_type IN ({_types_of(family)}) THEN '{family}'" for family in FAMILIES)
    return f"""
        -- Materialised, or the parse would be done again for each test. What is not plain may be no text, and is not touched.
        WITH plain AS (SELECT CASE WHEN is_plain THEN text END AS text, topic, {ROW} FROM texts),
        parsed AS MATERIALIZED (
            SELECT unnest(from_json(text, '{shape}')), len(json_keys(text)) AS key_count, topic, {ROW} FROM plain
        )
        SELECT {", ".join(f'"{name}"' for name in names)}, CASE {family} END AS family, date_trunc('hour', event_timestamp) AS event_hour,
               received_at > event_timestamp + to_microseconds({late_horizon // timedelta(microseconds=1)}) AS is_late, {ROW},
               -- As many values as keys: no key is repeated.
               coalesce(key_count = {given} AND {valid}, false) AS is_vouched
        FROM parsed
    """  # noqa: S608  (names and values from contracts)


def _translated(demand: str) -> str:
    return sqlglot.transpile(demand, read="spark", write="duckdb")[0]


def _types_of(family: str) -> str:
    return ", ".join(f"'{kind.name}'" for kind in event_types().values() if kind.family == family)


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One engine per process, on one thread: the processes around it are the parallelism. It reads nothing but what it is given."""
    engine = duckdb.connect(":memory:", config={"threads": "1", "enable_external_access": "false", "autoload_known_extensions": "false"})
    # It rewrites long IN lists as joins, and takes longer for that than the tests take.
    engine.execute("SET disabled_optimizers = 'in_clause'")
    engine.execute("SET lock_configuration = true")
    return engine
