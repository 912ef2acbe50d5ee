"""Conformed units: whole milliseconds, kilobits per second and UTC hours, so that sums do not depend on the order of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column


def thousandths(column: str) -> Column:
    """A measured double times 1000 as BIGINT: seconds to milliseconds, Mbit/s to kbit/s.

    Rounds half-up once, on the decimal number the client wrote: 0.5005 s is 501 ms, although 0.5005 * 1000 is 500.49999999999994.
    The second round only undoes the binary error of the multiplication.
    """
    return F.round(F.round(F.col(column), 3) * 1000).cast("bigint")


def whole(column: str) -> Column:
    """A measured double as BIGINT, rounded half-up."""
    return F.round(F.col(column)).cast("bigint")


def utc_hour(column: str) -> Column:
    """The hour that an instant belongs to (sessions run in UTC, see playhead.spark)."""
    return F.date_trunc("hour", F.col(column))


def utc_date(column: str) -> Column:
    """The day that an instant belongs to."""
    return F.to_date(F.col(column))
