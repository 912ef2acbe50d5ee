"""A table leaves its builder in the shape of its contract, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyspark.testing import assertDataFrameEqual

from playhead.contracts.conform import conform
from playhead.contracts.shapes import Column, Contract
from playhead.errors import ContractError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

STALLS = Contract(
    name="silver.stalls",
    version="1.0.0",
    description="Stalls.",
    grain="one row per stall",
    columns=(Column("playback_id", "string", ""), Column("stall_ms", "bigint", ""), Column("partition", "int", "")),
    conditions=(),
    partition="none",
    writer="batch",
    owner="",
    freshness_minutes=0,
)


def test_conform__orders_and_casts(spark: SparkSession) -> None:
    stalls = spark.createDataFrame([(7, "play-1", 1500)], "`partition` bigint, playback_id string, stall_ms int")
    conformed = conform(stalls, STALLS)
    assert conformed.schema.simpleString() == "struct<playback_id:string,stall_ms:bigint,partition:int>"
    assertDataFrameEqual(conformed, spark.createDataFrame([("play-1", 1500, 7)], "playback_id string, stall_ms bigint, `partition` int"))


def test_conform__names_missing_columns(spark: SparkSession) -> None:
    stalls = spark.createDataFrame([("play-1",)], "playback_id string")
    with pytest.raises(ContractError, match=r"silver\.stalls lacks stall_ms, partition; correct silver/stalls\.py"):
        conform(stalls, STALLS)


def test_conform__names_surplus_columns(spark: SparkSession) -> None:
    stalls = spark.createDataFrame([("play-1", 1500, 7, "x")], "playback_id string, stall_ms bigint, `partition` int, note string")
    with pytest.raises(ContractError, match="has no place for note"):
        conform(stalls, STALLS)


def test_conform__refuses_a_column_given_twice(spark: SparkSession) -> None:
    stalls = spark.createDataFrame([("play-1", 1500, 7)], "playback_id string, stall_ms bigint, `partition` int")
    with pytest.raises(ContractError, match="is given twice stall_ms"):
        conform(stalls.select("*", "stall_ms"), STALLS)
