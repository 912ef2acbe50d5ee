"""Half-up, once, on the decimal number that the client wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from playhead.silver.units import thousandths, whole

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [
        (1.0, 1000),
        (0.0005, 1),  # half goes up
        (0.00049, 0),
        (0.5005, 501),  # 0.5005 * 1000 is 500.49999999999994 in binary: rounding the product would say 500
        (2.5015, 2502),
        (0.0004999999, 0),  # rounding to microseconds first would say 1
        (86_400.0, 86_400_000),
        (None, None),
    ],
)
def test_thousandths__rounds_half_up_once(spark: SparkSession, seconds: float | None, milliseconds: int | None) -> None:
    told = spark.createDataFrame([(seconds,)], "startup_time double").select(thousandths("startup_time").alias("ms"))
    assert (told.first() or [None])[0] == milliseconds
    assert told.schema.simpleString() == "struct<ms:bigint>"


def test_whole__rounds_half_up(spark: SparkSession) -> None:
    """Half to even would make 2 of 2.5."""
    told = spark.createDataFrame([(2.4,), (2.5,), (3.5,), (None,)], "bitrate double").select(whole("bitrate").alias("kbps"))
    assert [row.kbps for row in told.collect()] == [2, 3, 4, None]
