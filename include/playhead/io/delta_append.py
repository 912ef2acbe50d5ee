"""A Delta table that is only appended to, from plain Parquet files: any process writes files, one commits them.

A commit here is put-if-absent in the table's log and carries a transaction (application id, number), so that work done again after a
crash is seen to be there already, and a second writer that carries on with the same application is refused instead of doubling it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable, WriterProperties
from deltalake.transaction import AddAction, CommitProperties, Transaction

from playhead.contracts.derive import arrow_schema
from playhead.contracts.shapes import Contract
from playhead.io.delta_statistics import statistics_json
from playhead.io.delta_table import add_missing_columns, days_to_merge
from playhead.io.filesystem import object_store_uri, open_filesystem

_ROW_GROUP_ROWS = 50_000
_HISTORY_LOOKED_AT = 100  # commits; what a person did to the table while its app was down is among the newest
_MERGED_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a table that no commit names yet: path within the table, bytes, rows, and what readers may skip it by (JSON)."""

    path: str
    size: int
    rows: int
    statistics: str


@dataclass(frozen=True, slots=True)
class Layout:
    """How the files of a table lie.

    `day_column`'s days are directories. By the bounds of `skipped_by` a reader skips whole files, by its bounds and those of
    `clustered_by` row groups.
    """

    root: str
    day_column: str
    skipped_by: str
    clustered_by: str


class AppendedTable:
    """A table as its one committer sees it."""

    def __init__(self, layout: Layout, contract: Contract, properties: Mapping[str, str]) -> None:
        """Opens the table, creates it where there is none, and gives it the columns it lacks: those of a file would not be seen."""
        self._layout = layout
        self._schema = arrow_schema(contract)
        self._table = DeltaTable.create(
            object_store_uri(layout.root),
            schema=self._schema,
            mode="ignore",
            partition_by=[layout.day_column],
            configuration=dict(properties),
        )
        add_missing_columns(self._table, contract)

    @property
    def has_rows(self) -> bool:
        """Whether any file of it is visible."""
        return bool(self._table.file_uris())

    @property
    def is_set_back(self) -> bool:
        """Whether someone restored it to a version before its newest batch, whose number its log goes on to tell all the same."""
        commits = {commit["version"]: commit for commit in self._table.history(_HISTORY_LOOKED_AT)}
        batches = [version for version, commit in commits.items() if commit["operation"] == "WRITE"]
        version = max(commits)
        while version in commits and version not in batches:
            is_restore = commits[version]["operation"] == "RESTORE"
            version = int(commits[version]["operationParameters"].get("version") or -1) if is_restore else version - 1
        return bool(batches) and version != max(batches)

    def committed(self, application: str) -> int | None:
        """The newest transaction number that an application has committed, None where it has committed nothing."""
        self._table.update_incremental()
        number: int | None = self._table.transaction_version(application)
        return number

    def commit(
        self, files: Iterable[DataFile], day: date, application: str, number: int, *, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Makes files visible, all of them in one commit, which says of itself what `metadata` says.

        Raises:
            CommitFailedError: another writer has committed for this application meanwhile.
        """
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        partition = {self._layout.day_column: day.isoformat()}
        self._table.create_write_transaction(
            [AddAction(file.path, file.size, partition, now_ms, True, file.statistics) for file in files],
            mode="append",
            schema=self._schema,
            partition_by=[self._layout.day_column],
            commit_properties=CommitProperties(app_transactions=[Transaction(application, number)], custom_metadata=dict(metadata or {})),
        )
        self._table.update_incremental()

    def merge_files(self, first: date, last: date, *, up_to_bytes: int = _MERGED_BYTES) -> int:
        """Merges the files of each of these days that has many, into files of so many bytes; larger ones stay as they are.

        Returns how many days had many. No row changes, and order is kept.
        """
        self._table.update_incremental()
        days = days_to_merge(self._table, first, last)
        for day in days:
            self._table.optimize.compact(
                partition_filters=[(self._layout.day_column, "=", day.isoformat())],
                target_size=up_to_bytes,
                max_concurrent_tasks=1,
                writer_properties=WriterProperties(compression="ZSTD"),
            )
        return len(days)

    def vacuum(self) -> None:
        """Removes files that no version needs which the table still retains, and those of crashed writers."""
        self._table.vacuum(dry_run=False, full=True)


def write_data_file(tables: Iterator[pa.Table], layout: Layout, day: date) -> DataFile | None:
    """Rows of one day as one Parquet file of the table; None where there are none. No reader sees it before it is committed."""
    path = f"{layout.day_column}={day.isoformat()}/part-{uuid.uuid4()}.zstd.parquet"
    filesystem, root = open_filesystem(layout.root)
    directory = f"{root}/{path.rpartition('/')[0]}"
    filesystem.create_dir(directory, recursive=True)
    statistics = _Statistics(layout.skipped_by)
    writer: pq.ParquetWriter | None = None
    for table in _grouped(tables):
        rows = table.drop_columns([layout.day_column])
        writer = writer or pq.ParquetWriter(
            f"{root}/{path}",
            rows.schema,
            filesystem=filesystem,
            compression="zstd",
            write_statistics=[layout.skipped_by, layout.clustered_by],
            store_decimal_as_integer=True,
        )
        writer.write_table(rows, row_group_size=_ROW_GROUP_ROWS)
        statistics.add(rows)
    if writer is None:
        return None
    writer.close()
    return DataFile(path, filesystem.get_file_info(f"{root}/{path}").size, statistics.rows, statistics.as_json())


def _grouped(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The tables joined until they fill a row group, so that memory holds one row group and no more."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(one.num_rows for one in held) >= _ROW_GROUP_ROWS:
            yield pa.concat_tables(held)
            held = []
    if sum(one.num_rows for one in held):
        yield pa.concat_tables(held)


class _Statistics:
    """What the log tells about a file: rows, and the bounds and NULLs of one time column."""

    def __init__(self, column: str) -> None:
        self.rows = 0
        self._column = column
        self._nulls = 0
        self._bounds: list[datetime] = []

    def add(self, rows: pa.Table) -> None:
        """Count these rows too."""
        values = rows[self._column]
        bounds = pc.min_max(values).as_py()
        self.rows += rows.num_rows
        self._nulls += values.null_count
        self._bounds += [bound for bound in bounds.values() if bound is not None]

    def as_json(self) -> str:
        """In the words of the Delta protocol."""
        return statistics_json(self.rows, self._column, self._nulls, self._bounds)
