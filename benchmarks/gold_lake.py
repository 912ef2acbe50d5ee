"""Lakes of gold tables that benches fill themselves, published as builds do it; and lakes that borrow tables from them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import WriterProperties, write_deltalake

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_table import append_rows, open_table, table_version

_BUILT_AT = datetime(2026, 2, 1, tzinfo=UTC)
_BUILD: dict[str, Any] = {"run_id": "bench", "dag_id": "build_daily", "bronze_version": 0}


def publish_days(lake: str, name: str, days: Iterable[tuple[date, pa.Table]]) -> int:
    """Write days of a gold table and enter them in ops.publish_log; returns the table's version."""
    contract = load_contract(name)
    table = open_table(lake, contract)
    rows_by_day = {}
    for day, rows in days:
        rows_by_day[day] = rows.num_rows
        write_deltalake(
            table,
            rows.select(contract.column_names).cast(arrow_schema(contract)),
            mode="append",
            writer_properties=WriterProperties(compression="ZSTD"),
        )
    version = table_version(lake, name)
    if version is None:
        raise RuntimeError(f"{name} was not written to {lake}")
    published: dict[str, Any] = {"table_name": name, "table_version": version, "inputs": [], "content_hash": "bench"}
    of_day = _BUILD | published | {"published_at": _BUILT_AT}
    append_rows(
        lake, "ops.publish_log", [of_day | {"partition_key": day.isoformat(), "rows_count": rows} for day, rows in rows_by_day.items()]
    )
    return version


def select_table(connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> pa.Table:
    """What a SELECT gives."""
    relation = connection.sql(sql, params=parameters)
    assert relation is not None, "a SELECT gives rows"
    return relation.to_arrow_table()


def record_build(lake: str, versions: dict[str, int]) -> None:
    """The row of ops.build_log that says which versions belong together."""
    append_rows(lake, "ops.build_log", [_BUILD | {"run_kind": "pull", "published": list(versions.items()), "finished_at": _BUILT_AT}])


def borrowed_lake(kept: Path, directory: Path, names: Iterable[str]) -> Path:
    """A lake of a turn's own: tables or whole layers of a kept one by reference, its logs as a copy."""
    lake = directory / "lake"
    for name in names:
        (lake / name).parent.mkdir(parents=True, exist_ok=True)
        (lake / name).symlink_to(kept / name)
    shutil.copytree(kept / "ops", lake / "ops")
    return lake
