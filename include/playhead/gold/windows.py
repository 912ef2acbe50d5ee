"""Windows of days that end on requested days: what tables of the audience count over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


def requested_days(dates: Iterable[date]) -> Column:
    """The requested days, each once, ascending, as an array."""
    return F.array(*(F.lit(day) for day in sorted(set(dates)))).cast("array<date>")


def windows_of_row(dates: Iterable[date], days: int) -> Column:
    """The requested days whose window, of so many days up to each, holds the row's event_date; as an array."""
    return F.filter(requested_days(dates), lambda day: F.date_diff(day, F.col("event_date")).between(0, days - 1))


def every_requested_day(spark: SparkSession, dates: Iterable[date]) -> DataFrame:
    """One row per requested day, its event_date, also where nobody was there."""
    return spark.createDataFrame([(day,) for day in sorted(set(dates))], "event_date date")
