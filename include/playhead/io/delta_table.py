"""Delta tables through their log, without an engine: made and widened by contract, asked for a version, appended to and queried.

A look at a log costs milliseconds, a job of the engine hundreds of them. Rows stream through DuckDB, which keeps few of them at a time;
work on rows that wants more than one machine is the engine's (`io/delta.py`, `io/staged_files.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, Schema, WriterProperties, write_deltalake
from deltalake.exceptions import TableNotFoundError
from deltalake.transaction import CommitProperties, Transaction

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.contracts.shapes import Contract
from playhead.io.filesystem import object_store_uri

FEW_FILES = 4  # of a day: a build of many days leaves so many, and readers gain nothing from fewer
# Of a log, when its files are merged: a file holds neighbouring partitions, and who asks about some of them opens few files.
LOG_FILE_BYTES = 4 * 1024 * 1024
RETAINED_DAYS = 7  # of time travel: the warehouse reaches back no further


def table_path(lake: str, name: str) -> str:
    """Path of a table by its one name."""
    return f"{lake}/{name.replace('.', '/', 1)}"


def day_column(contract: Contract) -> str | None:
    """The column whose days are a batch table's directories; None where it has none."""
    return next((name for name in ("event_date", "score_date") if name in contract.column_names and contract.partition != "none"), None)


def find_table(lake: str, name: str) -> DeltaTable | None:
    """A table's newest state, or None when it does not exist yet."""
    try:
        return DeltaTable(object_store_uri(table_path(lake, name)))
    except TableNotFoundError:
        return None


def table_version(lake: str, name: str) -> int | None:
    """Newest version of a table, or None when it does not exist yet."""
    table = find_table(lake, name)
    return None if table is None else int(table.version())


def open_table(lake: str, contract: Contract) -> DeltaTable:
    """A table that the batch engine owns: created in its contract's shape where there is none, given the columns it lacks."""
    day = day_column(contract)
    table = find_table(lake, contract.name)
    if table is None:
        return DeltaTable.create(
            object_store_uri(table_path(lake, contract.name)),
            schema=arrow_schema(contract),
            mode="ignore",
            partition_by=[day] if day else None,
            configuration=_properties(contract, day),
        )
    add_missing_columns(table, contract)
    return table


def add_missing_columns(table: DeltaTable, contract: Contract) -> None:
    """Give a table the columns that its contract has gained since it was made; they are NULL in the rows that are there."""
    held = {field.name for field in table.schema().fields}
    missing = [field for field in Schema.from_arrow(arrow_schema(contract)).fields if field.name not in held]
    if missing:
        table.alter.add_columns(missing)


def days_to_merge(table: DeltaTable, first: date, last: date) -> list[date]:
    """Days, from first to last, whose rows lie in so many files that one file is worth writing them again; ascending."""
    (day,) = table.metadata().partition_columns
    days = Counter(pa.table(table.get_add_actions(flatten=True))[f"partition.{day}"].to_pylist())
    return sorted(day for day, files in days.items() if files > FEW_FILES and day is not None and first <= day <= last)


def append_rows(
    lake: str,
    name: str,
    rows: Sequence[Mapping[str, Any]] | pa.Table,
    *,
    metadata: Mapping[str, str] | None = None,
    progress: Mapping[str, int] | None = None,
    seen: int | None = None,
) -> None:
    """Append rows to a log table, in one commit; the caller holds its lock.

    The commit says of itself what `metadata` says, and carries `progress`: how far each of the table's sources has been read, which
    `read_progress` tells after a crash. Rows that follow from the version `seen` need no lock.

    Raises:
        CommitFailedError: progress of the same source has been committed since that version.
    """
    contract = load_contract(name)
    table = open_table(lake, contract)
    if seen is not None:
        table.load_as_version(seen)
    write_deltalake(
        table,
        rows if isinstance(rows, pa.Table) else pa.Table.from_pylist([dict(row) for row in rows], arrow_schema(contract)),
        mode="append",
        writer_properties=WriterProperties(compression="ZSTD"),
        commit_properties=CommitProperties(
            app_transactions=[Transaction(*source) for source in (progress or {}).items()], custom_metadata=dict(metadata or {})
        ),
    )


def read_progress(lake: str, name: str, source: str) -> int | None:
    """How far a log table's commits say that a source has been read; None where nothing is known."""
    table = find_table(lake, name)
    progress: int | None = None if table is None else table.transaction_version(source)
    return progress


def merge_log(lake: str, name: str) -> None:
    """Merge the small files of a log table, and remove those that nothing needs; the caller holds its lock. No row changes."""
    table = find_table(lake, name)
    if table is not None and len(table.file_uris()) > FEW_FILES:
        table.optimize.compact(target_size=LOG_FILE_BYTES, writer_properties=WriterProperties(compression="ZSTD"))
        table.vacuum(dry_run=False, full=True)


def least_value(lake: str, name: str, column: str) -> Any:
    """The least value of a column, by the statistics of the table's files: none is opened. None where nothing is told."""
    table = find_table(lake, name)
    told = None if table is None else pa.table(table.get_add_actions(flatten=True))
    if told is None or f"min.{column}" not in told.column_names:
        return None
    return pc.min(told[f"min.{column}"]).as_py()


def query_log(
    lake: str,
    name: str,
    sql: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    version: int | None = None,
    days: Collection[str] | None = None,
    beside: Mapping[str, pa.Table] | None = None,
) -> list[dict[str, Any]]:
    """Answer of DuckDB to a question about a log table, which is `log` in it; a table that does not exist has no rows.

    The table is asked as it is now, or as it was at `version`; where `days` are given, only in the files of these days of a batch table.
    Tables that lie `beside` it can be asked together with it, by their names.
    """
    with table_in_duckdb(lake, name, "log", version=version, days=days) as database:
        for table_name, given in (beside or {}).items():
            database.register(table_name, given)
        answer: pa.Table = database.sql(sql, params=parameters or None).to_arrow_table()
    return list(answer.to_pylist())


@contextmanager
def table_in_duckdb(
    lake: str, name: str, called: str, *, version: int | None = None, days: Collection[str] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of its own, with clocks in UTC, that reads one Delta table under the name `called`; see query_log for the rest."""
    with utc_database() as database:
        register_table(database, lake, name, called, version=version, days=days)
        yield database


@contextmanager
def utc_database() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database in memory, with clocks in UTC."""
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        yield database


def register_table(
    database: duckdb.DuckDBPyConnection,
    lake: str,
    name: str,
    called: str,
    *,
    version: int | None = None,
    days: Collection[str] | None = None,
) -> None:
    """Let a database read one more Delta table, under the name `called`; see query_log for the rest."""
    table = find_table(lake, name)
    if table is not None and version is not None:
        table.load_as_version(version)
    contract = load_contract(name)
    shape = arrow_schema(contract)  # a column that an older table lacks is NULL
    wanted = None if days is None else [(day_column(contract), "in", sorted(days))]
    database.register(
        called, shape.empty_table() if table is None else table.to_pyarrow_dataset(schema=shape, file_pruning_predicate=wanted)
    )


def _properties(contract: Contract, day: str | None) -> dict[str, str]:
    return {
        "delta.deletedFileRetentionDuration": f"interval {RETAINED_DAYS} days",
        "delta.checkpointInterval": "100",
        **_statistics(contract, day),
        **({"delta.appendOnly": "true"} if contract.partition == "none" else {}),
    }


def _statistics(contract: Contract, day: str | None) -> dict[str, str]:
    """File statistics on what readers filter by; never on personal data, which VACUUM could not remove from the log."""
    by_name = {column.name: column for column in contract.columns}
    wanted = dict.fromkeys([contract.partition, *contract.key])
    columns = [name for name in wanted if name in by_name and name != day and by_name[name].classification is None]
    if not columns:
        return {"delta.dataSkippingNumIndexedCols": "0"}
    return {"delta.dataSkippingStatsColumns": ",".join(columns)}
