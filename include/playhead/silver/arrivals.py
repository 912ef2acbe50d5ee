"""Which records of bronze become events of silver: valid, in time, of one family, each event once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pyspark.sql import Window
from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.silver.units import utc_date, utc_hour

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame

Family = Literal["video", "interaction", "ad", "session"]
_IDENTITY = ("event_id", "event_hour")
_ARRIVAL = ("kafka_timestamp", "topic", "partition", "offset")


def filter_accepted(events: DataFrame, family: Family) -> DataFrame:
    """Events of the family that were not rejected and did not come too late to be built."""
    is_valid = F.col("rejected_because").isNull() & F.col("raw").isNull()
    is_in_time = ~F.coalesce(F.col("is_late"), F.lit(False))
    return events.filter(is_valid & is_in_time & (F.col("family") == family))


def filter_conflicts(events: DataFrame, id_conflicts: DataFrame) -> DataFrame:
    """Leaves out events whose id the audit found in another hour first."""
    losers = id_conflicts.filter(F.col("conflict") == "other_hour").select(*_IDENTITY).distinct()
    return events.join(losers, list(_IDENTITY), "left_anti")


def filter_first_arrivals(events: DataFrame) -> DataFrame:
    """One event per id and hour: the record that the broker appended first; offsets settle equal broker times.

    Rows come out as they are published, each hour together and sorted by id, for this needs them in that order anyway.
    """
    arrivals = Window.partitionBy("event_hour", "event_id").orderBy(*_ARRIVAL)
    numbered = events.hint("rebalance", "event_hour").withColumn("_arrival", F.row_number().over(arrivals))
    return numbered.filter(F.col("_arrival") == 1).drop("_arrival")


def build_events(events: DataFrame, id_conflicts: DataFrame, *, family: Family, table: str, derived: Mapping[str, Column]) -> DataFrame:
    """The silver event table of a family.

    Grain: one row per event id and event hour. Late data and repairs: rebuilding an hour from more bronze rows gives what one build of
    all of them would have given. The same id in two families is two events: each table's key is its own.

    Args:
        events: bronze rows, of any family and state.
        id_conflicts: rows of ops.id_conflicts.
        family: event family.
        table: one name of the table, which is also its contract's.
        derived: how the family's conformed columns come from bronze's; other columns keep their names.
    """
    contract = load_contract(table)
    conformed = {
        "event_hour": utc_hour("event_timestamp"),
        "event_date": utc_date("event_timestamp"),
        "viewer_id": F.coalesce(F.col("user_id"), F.col("device_id")),
        **derived,
    }
    kept = filter_first_arrivals(filter_conflicts(filter_accepted(events, family), id_conflicts))
    return conform(kept.select(*(conformed.get(name, F.col(name)).alias(name) for name in contract.column_names)), contract)
