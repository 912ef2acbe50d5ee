"""Built rows as files that no reader sees yet, and the one commit that shows them in place of what they replace.

The files are written where the table keeps its own, so publishing them is a matter of the log: it adds them and takes out the files of
the partitions that they replace. Only where a file holds other partitions too are rows written again. What the gate judged is, file for
file, what readers see.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.transaction import AddAction, CommitProperties, RemoveAction
from pyarrow import fs
from pyspark.sql import functions as F

from playhead.contracts.derive import arrow_schema, spark_schema
from playhead.contracts.shapes import Contract
from playhead.errors import BuildError
from playhead.io.delta import read_table
from playhead.io.delta_statistics import statistics_json
from playhead.io.delta_table import day_column, open_table, table_path
from playhead.io.filesystem import object_store_uri, open_filesystem
from playhead.io.partitions import hours_between, partition_keys, table_predicate

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from playhead.io.partitions import Moment

_HISTORY_LOOKED_AT = 50
_NO_DAY = "__HIVE_DEFAULT_PARTITION__"  # Spark's directory of rows without a day
_FOOTERS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _File:
    """A data file of a table. `partitions` are those it may hold rows of, None where nobody can say."""

    path: str
    size: int
    day: str | None
    partitions: frozenset[str] | None
    statistics: str = ""


def stage_rows(rows: DataFrame, lake: str, contract: Contract, run_id: str, *, laid_out: bool = False) -> str:
    """Write built rows as files of their table that no commit names; returns their directory, within the table.

    Every attempt has a directory of its own, for one that was published must not be written again. Rows that are `laid_out` already,
    each hour together and sorted, are written as they come. What is never published is removed by VACUUM in time.
    """
    day = _require_day_column(contract)
    directory = f"runs/{run_id}/{uuid.uuid4()}"
    rows = rows.select(*contract.column_names)
    rows = rows if laid_out else _lay_out(rows, contract, day)
    # A marker of success would be a file that VACUUM never removes, for it passes over names with an underscore.
    writer = rows.write.partitionBy(day).option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
    writer.parquet(f"{table_path(lake, contract.name)}/{directory}")
    return directory


def read_staged(spark: SparkSession, lake: str, contract: Contract, directory: str) -> DataFrame:
    """The rows of a directory that `stage_rows` wrote."""
    path = f"{table_path(lake, contract.name)}/{directory}"
    schema = spark_schema(contract)
    if not _data_files(path):
        return spark.createDataFrame([], schema)
    return spark.read.schema(schema).parquet(path)


def staged_uris(lake: str, contract: Contract, directory: str) -> list[str]:
    """Where the files lie that `stage_rows` wrote: paths, or addresses in an object store."""
    path = object_store_uri(f"{table_path(lake, contract.name)}/{directory}")
    scheme = path.partition("://")[0] + "://" if "://" in path else ""
    return [f"{scheme}{info.path}" for info in _data_files(path)]


def publish_staged(
    spark: SparkSession,
    lake: str,
    contract: Contract,
    directory: str,
    *,
    staged: Iterable[Moment],
    keys: Iterable[Moment],
    mark: str,
) -> int:
    """Replace whole partitions by their staged rows in one commit; returns the table version that shows them.

    `staged` are the hours or days that were built, `keys` those of them to publish; one without rows becomes empty. `mark` is kept with
    the commit: done again after a crash, the commit that carries it is found and nothing is written. The caller holds the table's lock.
    """
    chosen, built = partition_keys(keys, contract.partition), partition_keys(staged, contract.partition)
    if not chosen:
        raise BuildError(f"{contract.name}: no partitions given to replace; name the hours or days")
    table = open_table(lake, contract)
    found = _find_commit(table, mark)
    if found is not None:
        return found
    wanted, refused = frozenset(chosen), frozenset(built).difference(chosen)
    new, old = _staged_files(lake, contract, directory), _replaced_files(table, contract, wanted)
    # A staged file holds no rows but of what was built, so those that were refused are all that it may not be added with.
    added = [file for file in new if file.partitions is not None and file.partitions.isdisjoint(refused)]
    mixed = [file for file in new if file.partitions is None or not file.partitions.isdisjoint(refused)]
    partly = [file for file in old if file.partitions is None or not file.partitions <= wanted]
    again = _rows_to_write_again(spark, lake, contract, int(table.version()), directory, chosen, mixed=mixed, partly=partly)
    if again is not None:
        added += _staged_files(lake, contract, stage_rows(again, lake, contract, directory.split("/")[1]))
    return _commit(table, contract, added, old, mark)


def _lay_out(rows: DataFrame, contract: Contract, day: str) -> DataFrame:
    """Rows of an hour together, sorted by key.

    REBALANCE merges small tasks and splits only what outgrows a file, so an hour lies in one file and a few hours make few files; a
    range partitioning would do the same, but samples: it reads everything twice.
    """
    order = dict.fromkeys([day, contract.partition, *contract.key])
    return rows.hint("rebalance", *dict.fromkeys([day, contract.partition])).sortWithinPartitions(*order)


def _rows_to_write_again(
    spark: SparkSession,
    lake: str,
    contract: Contract,
    version: int,
    directory: str,
    keys: list[str],
    *,
    mixed: list[_File],
    partly: list[_File],
) -> DataFrame | None:
    """Rows that lie in one file with others that take another way: staged ones to publish, and published ones to keep."""
    predicate = f"coalesce({table_predicate(keys, contract)}, false)"
    frames = []
    if mixed:
        frames.append(_rows_of(read_staged(spark, lake, contract, directory), mixed).where(predicate))
    if partly:
        frames.append(_rows_of(read_table(spark, lake, contract.name, version), partly).where(f"NOT {predicate}"))
    columns = contract.column_names
    return reduce(lambda one, other: one.union(other), (frame.select(*columns) for frame in frames)) if frames else None


def _rows_of(rows: DataFrame, files: list[_File]) -> DataFrame:
    """The rows that these files hold."""
    path = F.col("_metadata.file_path")
    return rows.where(reduce(lambda one, other: one | other, (path.endswith(f"/{file.path}") for file in files)))


def _staged_files(lake: str, contract: Contract, directory: str) -> list[_File]:
    root = table_path(lake, contract.name)
    day = _require_day_column(contract)
    hour = contract.partition if contract.partition != day else None
    filesystem, _ = open_filesystem(root)

    def look(info: fs.FileInfo) -> _File:
        path = f"{directory}/{info.path.rpartition(f'/{directory}/')[2]}"
        value = path.rsplit("/", 2)[1].removeprefix(f"{day}=")
        footer = pq.read_metadata(info.path, filesystem=filesystem)
        own_day = None if value == _NO_DAY else value
        if hour is None:
            return _File(path, info.size, own_day, _partitions(own_day), statistics_json(footer.num_rows))
        nulls, hours = _hours_in(footer, hour)
        partitions = _partitions(own_day, hours) if nulls == 0 else None
        return _File(path, info.size, own_day, partitions, statistics_json(footer.num_rows, hour, nulls, hours))

    with ThreadPoolExecutor(_FOOTERS_AT_ONCE) as pool:
        return list(pool.map(look, _data_files(f"{root}/{directory}")))


def _hours_in(footer: pq.FileMetaData, column: str) -> tuple[int, list[datetime]]:
    """NULLs of a time column, and its bounds in every row group; without bounds nobody can say which hours these are."""
    index = footer.schema.to_arrow_schema().get_field_index(column)
    nulls, bounds = 0, []
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        chunk = group.column(index)  # both kept until the statistics are read: these point into them
        told = chunk.statistics
        if told is None:
            return 0, []
        nulls += told.null_count
        bounds += [told.min, told.max] if told.has_min_max else []
    return nulls, bounds


def _partitions(day: str | None, hours: Sequence[datetime] | None = None) -> frozenset[str] | None:
    """Partitions that a file of a day may hold; of an hourly table the hours from the first to the last."""
    if day is None or hours == []:
        return None
    if hours is None:
        return frozenset([day])
    return frozenset(hours_between(min(hours), max(hours) + timedelta(hours=1)))


def _replaced_files(table: DeltaTable, contract: Contract, keys: frozenset[str]) -> list[_File]:
    """Files of the table that hold rows of these partitions, or may."""
    day = _require_day_column(contract)
    actions = pa.table(table.get_add_actions(flatten=True))
    first, last = (f"{bound}.{contract.partition}" for bound in ("min", "max"))
    is_hourly = contract.partition != day
    days = {key[:10] for key in keys}
    found = []
    for action in actions.to_pylist():
        own_day = None if action[f"partition.{day}"] is None else str(action[f"partition.{day}"])
        hours = [hour for hour in (action.get(first), action.get(last)) if hour is not None] if is_hourly else None
        file = _File(action["path"], action["size_bytes"], own_day, _partitions(own_day, hours))
        if own_day in days and (file.partitions is None or not file.partitions.isdisjoint(keys)):
            found.append(file)
    return found


def _commit(table: DeltaTable, contract: Contract, added: list[_File], removed: list[_File], mark: str) -> int:
    day = _require_day_column(contract)
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    actions = [
        *(AddAction(file.path, file.size, {day: file.day}, now_ms, True, file.statistics) for file in added),
        *(RemoveAction(file.path, True, now_ms, file.size, {day: file.day}) for file in removed),
    ]
    table.create_write_transaction(
        actions,
        mode="append",
        schema=arrow_schema(contract),
        partition_by=[day],
        commit_properties=CommitProperties(custom_metadata={"userMetadata": mark}),
    )
    table.update_incremental()
    return int(table.version())


def _find_commit(table: DeltaTable, mark: str) -> int | None:
    """Version of the newest commit that carries this mark, among the last ones."""
    return next((commit["version"] for commit in table.history(_HISTORY_LOOKED_AT) if commit.get("userMetadata") == mark), None)


def _data_files(path: str) -> list[Any]:
    """Parquet files below a directory."""
    filesystem, where = open_filesystem(path)
    listed = filesystem.get_file_info(fs.FileSelector(where, recursive=True, allow_not_found=True))
    return [info for info in listed if info.base_name.endswith(".parquet") and info.base_name[0] not in "._"]


def _require_day_column(contract: Contract) -> str:
    day = day_column(contract)
    if day is None:
        raise BuildError(f"{contract.name} has no partitions to replace; append to it instead")
    return day
