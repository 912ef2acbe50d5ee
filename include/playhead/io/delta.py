"""Delta tables: the only read and write calls of the batch engine.

Everything goes through SQL and format("delta"), because the engine may be a Spark Connect client, which has no DeltaTable API.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException, PySparkException

from playhead.contracts.derive import spark_ddl, spark_schema
from playhead.contracts.model import Contract, load_contract
from playhead.errors import BuildError
from playhead.io.partitions import Moment, partition_keys, table_predicate

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_NO_TABLE = frozenset({"DELTA_TABLE_ONLY_OPERATION", "DELTA_MISSING_DELTA_TABLE", "DELTA_PATH_DOES_NOT_EXIST", "PATH_NOT_FOUND"})
# The change feed of a version range is gone once its log has expired or VACUUM removed its files.
_NO_CHANGES = (
    "DELTA_MISSING_CHANGE_DATA",
    "DELTA_CHANGE_DATA_FILE_NOT_FOUND",
    "DELTA_CHANGE_TABLE_FEED_DISABLED",
    "DELTA_VERSION_NOT_FOUND",
    "DELTA_VERSIONS_NOT_CONTIGUOUS",
    "DELTA_LOG_FILE_NOT_FOUND",
    "DELTA_FILE_NOT_FOUND_DETAILED",
    "FAILED_READ_FILE",
)
_HISTORY_LOOKED_AT = 50
RETAINED_DAYS = 7  # of time travel: the warehouse and the change feed reach back no further


def table_path(lake: str, name: str) -> str:
    """Path of a table by its one name."""
    return f"{lake}/{name.replace('.', '/', 1)}"


def day_column(contract: Contract) -> str | None:
    """The column whose days are a batch table's directories; None where it has none."""
    return next((name for name in ("event_date", "score_date") if name in contract.column_names and contract.partition != "none"), None)


def table_version(spark: SparkSession, lake: str, name: str) -> int | None:
    """Newest version of a table, or None when it does not exist yet."""
    history = _history(spark, lake, name, limit=1)
    return history[0]["version"] if history else None


def read_table(spark: SparkSession, lake: str, name: str, version: int | None = None) -> DataFrame:
    """A table, at a version where one is given; an empty frame in its contract's shape when it does not exist."""
    reader = spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    try:
        frame = reader.load(table_path(lake, name))
        frame.schema  # noqa: B018  (asks the server, so that a missing table is found here and not by the caller's action)
    except AnalysisException as error:
        if error.getCondition() not in _NO_TABLE:
            raise
        return spark.createDataFrame([], spark_schema(load_contract(name)))
    return frame


def read_changes(spark: SparkSession, lake: str, name: str, *, after: int, upto: int) -> DataFrame:
    """Rows appended by the versions (after, upto]; reading it fails with an error that `changes_expired` knows when they are gone."""
    reader = spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", after + 1).option("endingVersion", upto)
    return reader.load(table_path(lake, name)).where("_change_type = 'insert'")


def changes_expired(error: PySparkException) -> bool:
    """True where the error says that the change feed does not reach back so far."""
    return (error.getCondition() or "").startswith(_NO_CHANGES)


def create_table(spark: SparkSession, lake: str, contract: Contract) -> None:
    """Create an empty table in its contract's shape, unless it exists."""
    day = day_column(contract)
    partitioned = f"PARTITIONED BY (`{day}`)" if day else ""
    properties = {
        "delta.deletedFileRetentionDuration": f"interval {RETAINED_DAYS} days",
        "delta.enableDeletionVectors": "false",  # the books are read by engines that know no deletion vectors
        **_statistics(contract, day),
        **({"delta.enableChangeDataFeed": "true", "delta.appendOnly": "true"} if contract.partition == "none" else {}),
    }
    told = ", ".join(f"'{key}' = '{value}'" for key, value in properties.items())
    spark.sql(
        f"CREATE TABLE IF NOT EXISTS delta.`{table_path(lake, contract.name)}` ({spark_ddl(contract.columns)}) "
        f"USING delta {partitioned} TBLPROPERTIES ({told})"
    )


def append(spark: SparkSession, lake: str, name: str, rows: DataFrame | Sequence[dict[str, Any]]) -> None:
    """Append rows to a table that has no partitions to replace (the ops tables)."""
    contract = load_contract(name)
    if isinstance(rows, Sequence):
        ordered = [tuple(row[column] for column in contract.column_names) for row in rows]
        rows = spark.createDataFrame(ordered, spark_schema(contract))
    create_table(spark, lake, contract)
    rows.select(*contract.column_names).coalesce(1).write.format("delta").mode("append").save(table_path(lake, name))


def replace_partitions(
    spark: SparkSession,
    frame: DataFrame,
    lake: str,
    contract: Contract,
    partitions: Iterable[Moment],
    *,
    metadata: str = "",
    laid_out: bool = False,
) -> int:
    """Replace whole partitions in one commit and return the table version that shows them.

    `partitions` are hours or days in the contract's grain (keys, dates or datetimes); one without rows becomes empty. Rows outside them
    make the commit fail. `metadata` marks the commit, so that a later attempt can find it again (`find_commit`). Rows that are
    `laid_out` already, each hour in one file and sorted, are written as they come.
    """
    keys = partition_keys(partitions, contract.partition)
    if not keys:
        raise BuildError(f"{contract.name}: no partitions given to replace; name the hours or days")
    create_table(spark, lake, contract)
    rows = frame.select(*contract.column_names)
    rows = rows if laid_out else _lay_out(rows, contract)
    writer = rows.write.format("delta").mode("overwrite").option("replaceWhere", table_predicate(keys, contract))
    writer.option("mergeSchema", "true").option("userMetadata", metadata).save(table_path(lake, contract.name))
    # The writer holds the table's lock, so the newest version is this commit (or none, when nothing was there and nothing came).
    version = table_version(spark, lake, contract.name)
    if version is None:
        raise BuildError(f"{contract.name} vanished while it was written; is another process removing {table_path(lake, contract.name)}?")
    return version


def _lay_out(rows: DataFrame, contract: Contract) -> DataFrame:
    """Rows of an hour together, sorted by key.

    REBALANCE merges small tasks and splits only what outgrows a file, so an hour lies in one file and a few hours make few files; a
    range partitioning would do the same, but samples: it reads everything twice.
    """
    order = [contract.partition, *(key for key in contract.key if key != contract.partition)]
    day = day_column(contract)
    days = [day] if day else []
    together = rows.hint("rebalance", *dict.fromkeys([*days, contract.partition]))
    return together.sortWithinPartitions(*dict.fromkeys([*days, *order]))


def find_commit(spark: SparkSession, lake: str, name: str, metadata: str) -> int | None:
    """Version of the newest commit that carries this metadata, among the last 50."""
    return next((row["version"] for row in _history(spark, lake, name, limit=_HISTORY_LOOKED_AT) if row["userMetadata"] == metadata), None)


def has_files_to_merge(spark: SparkSession, lake: str, name: str, where: str) -> bool:
    """Whether a day that the predicate names has more than one file; the log tells, and no file is read."""
    days = [file.rpartition("/")[0] for file in read_table(spark, lake, name).where(where).inputFiles()]
    return len(days) > len(set(days))


def optimize(spark: SparkSession, lake: str, name: str, where: str) -> None:
    """Merge small files of the days that the predicate names."""
    spark.sql(f"OPTIMIZE delta.`{table_path(lake, name)}` WHERE {where}")


def vacuum(spark: SparkSession, lake: str, name: str) -> bool:
    """Remove files that no version of the last RETAINED_DAYS needs. A younger table has none: it is not even listed, and False returned.

    The table's property says how long files are retained; VACUUM's own RETAIN is not heeded.
    """
    detail = spark.sql(f"DESCRIBE DETAIL delta.`{table_path(lake, name)}`")
    is_old: bool = detail.selectExpr(f"createdAt < current_timestamp() - INTERVAL {RETAINED_DAYS} DAYS AS is_old").collect()[0].is_old
    if is_old:
        spark.sql(f"VACUUM delta.`{table_path(lake, name)}`")
    return is_old


def _history(spark: SparkSession, lake: str, name: str, *, limit: int) -> list[Any]:
    try:
        history = spark.sql(f"DESCRIBE HISTORY delta.`{table_path(lake, name)}` LIMIT {limit}")
        return sorted(history.select("version", "userMetadata").collect(), key=lambda row: -row["version"])
    except AnalysisException as error:
        if error.getCondition() in _NO_TABLE:
            return []
        raise


def _statistics(contract: Contract, day: str | None) -> dict[str, str]:
    """File statistics on what readers filter by; never on personal data, which VACUUM could not remove from the log."""
    by_name = {column.name: column for column in contract.columns}
    wanted = dict.fromkeys([contract.partition, *contract.key])
    columns = [name for name in wanted if name in by_name and name != day and by_name[name].classification is None]
    if not columns:
        return {"delta.dataSkippingNumIndexedCols": "0"}
    return {"delta.dataSkippingStatsColumns": ",".join(columns)}
