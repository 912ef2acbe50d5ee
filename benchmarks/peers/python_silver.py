"""Peer: what a good Python engineer would write after python_consumer, bronze to the four event tables of silver.

One DuckDB statement for each table, and one delta-rs append of its sorted rows. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, WriterProperties, write_deltalake

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract

# What a column of silver is made from, where bronze does not call it so; units are rounded half-up on the decimal that was sent.
_MS = "({0}::DECIMAL(18,6)::DECIMAL(15,3) * 1000)::BIGINT"
_COMMON = {"event_date": "event_timestamp::DATE", "viewer_id": "coalesce(user_id, device_id)"}
FAMILIES: dict[str, tuple[str, dict[str, str]]] = {
    "silver.video_events": (
        "video",
        {
            "content_id": "video_id",
            "content_duration_s": "content_duration",
            "playback_position_s": "playback_position",
            "startup_ms": _MS.format("startup_time"),
            "stall_ms": _MS.format("buffer_duration"),
            "bitrate_kbps": "bitrate::DECIMAL(18,6)::BIGINT",
            "dropped_frames_count": "dropped_frames",
            "bandwidth_kbps": _MS.format("bandwidth"),
            "is_fatal": "fatal",
            "seek_from_ms": _MS.format("seek_from_position"),
            "seek_to_ms": _MS.format("seek_to_position"),
        },
    ),
    "silver.interactions": ("interaction", {"comment_chars_count": "length(comment_text)"}),
    "silver.ad_events": (
        "ad",
        {
            "ad_duration_ms": _MS.format("ad_duration"),
            "ad_position_ms": _MS.format("ad_position"),
            "view_ms": _MS.format("view_duration"),
            "skip_position_ms": _MS.format("skip_position"),
            "click_position_ms": _MS.format("click_position"),
        },
    ),
    "silver.session_events": (
        "session",
        {
            "session_duration_ms": _MS.format("session_duration"),
            "page_views_count": "page_views",
            "videos_watched_count": "videos_watched",
            "app_crashes_count": "app_crashes",
            "network_errors_count": "network_errors",
        },
    ),
}
_STATEMENT = """
SELECT {columns} FROM bronze
WHERE rejected_because IS NULL AND raw IS NULL AND NOT coalesce(is_late, false) AND family = '{family}'
QUALIFY row_number() OVER (PARTITION BY event_hour, event_id ORDER BY kafka_timestamp, topic, "partition", "offset") = 1
ORDER BY event_hour, event_id
"""


def build_silver(lake: Path) -> None:
    """Write the four event tables from all that bronze shows now."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    files = DeltaTable(lake / "bronze" / "events").file_uris()
    connection.execute(f"CREATE VIEW bronze AS SELECT * FROM read_parquet({files}, hive_partitioning = false)")
    for table in FAMILIES:
        rows = connection.sql(statement(table)).to_arrow_reader(100_000)
        schema = arrow_schema(load_contract(table))
        write_deltalake(
            _create(lake, table, schema),
            pa.RecordBatchReader.from_batches(schema, (batch.cast(schema) for batch in rows)),
            mode="append",
            writer_properties=WriterProperties(compression="ZSTD"),
        )
    connection.close()


def statement(table: str) -> str:
    """How an event table is made from the view `bronze`: valid, in time, each id once in its hour, the first arrival wins."""
    family, derived = FAMILIES[table]
    sources = _COMMON | derived
    columns = ", ".join(f"{sources.get(name, name)} AS {name}" for name in load_contract(table).column_names)
    return _STATEMENT.format(columns=columns, family=family)


def _create(lake: Path, table: str, schema: pa.Schema) -> DeltaTable:
    """An empty table with the statistics that readers skip by."""
    return DeltaTable.create(
        lake / table.replace(".", "/"),
        schema,
        partition_by=["event_date"],
        configuration={"delta.dataSkippingStatsColumns": "event_hour,event_id"},
    )


def main() -> None:
    """Build, by the clock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", type=Path, required=True)
    arguments = parser.parse_args()
    began = time.monotonic()
    build_silver(arguments.lake)
    print(json.dumps({"seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main()
