"""Delta tables as the batch engine reads and maintains them; what it writes goes through `staged_files`.

Everything goes through SQL and format("delta"), because the engine may be a Spark Connect client, which has no DeltaTable API.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException
from pyspark.sql import functions as F

from playhead.contracts.derive import spark_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_table import RETAINED_DAYS, day_column, find_table, table_path

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_NO_TABLE = frozenset(
    {
        "DELTA_TABLE_ONLY_OPERATION",
        "DELTA_MISSING_DELTA_TABLE",
        "DELTA_PATH_DOES_NOT_EXIST",
        "DELTA_TABLE_NOT_FOUND",  # a directory without a log: files were staged there, and no gate has let them through yet
        "PATH_NOT_FOUND",
    }
)


def read_table(spark: SparkSession, lake: str, name: str, version: int | None = None) -> DataFrame:
    """A table, at a version where one is given; an empty frame in its contract's shape when it does not exist.

    Columns that its contract has gained since that version are NULL: builds and the streaming app are rolled out in any order.
    """
    reader = spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    try:
        frame = reader.load(table_path(lake, name))
        held = set(frame.columns)  # asks the server, so that a missing table is found here and not by the caller's action
    except AnalysisException as error:
        if error.getCondition() not in _NO_TABLE:
            raise
        return spark.createDataFrame([], spark_schema(load_contract(name)))
    missing = {column.name: F.lit(None).cast(column.type) for column in load_contract(name).columns if column.name not in held}
    return frame.withColumns(missing) if missing else frame


def optimize(spark: SparkSession, lake: str, name: str, days: Sequence[date]) -> None:
    """Merge the files of these days."""
    column = day_column(load_contract(name))
    told = ", ".join(f"DATE '{day.isoformat()}'" for day in days)
    spark.sql(f"OPTIMIZE delta.`{table_path(lake, name)}` WHERE `{column}` IN ({told})")


def vacuum(spark: SparkSession, lake: str, name: str) -> bool:
    """Remove files that no version of the last RETAINED_DAYS needs. A younger table has none: it is not even listed, and False returned.

    The table's property says how long files are retained; VACUUM's own RETAIN is not heeded.
    """
    table = find_table(lake, name)
    created_ms = None if table is None else table.metadata().created_time
    if created_ms is None or datetime.fromtimestamp(created_ms / 1000, UTC) > datetime.now(UTC) - timedelta(days=RETAINED_DAYS):
        return False
    spark.sql(f"VACUUM delta.`{table_path(lake, name)}`")
    return True
