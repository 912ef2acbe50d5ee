"""gold.audience_sketches: exact for few viewers, close for many, and the same whatever the order."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import functions as F

from playhead.contracts.derive import spark_schema
from playhead.contracts.model import load_contract
from playhead.gold.audience_sketches import LG_HASHES, build_audience_sketches

DAY = date(2026, 11, 24)
ESTIMATES = ("daily_active_viewers_estimate", "weekly_active_viewers_estimate", "monthly_active_viewers_estimate")
ERROR = (2**LG_HASHES - 1) ** -0.5


@pytest.fixture
def many(spark):
    """20,000 viewers of the day, of whom every other one was there the day before with 10,000 others."""
    columns = {column.name: F.lit(None).cast(column.type) for column in load_contract("gold.user_daily").columns}
    today = spark.range(20_000).select(F.lit(DAY).alias("event_date"), F.concat(F.lit("v"), F.col("id")).alias("viewer_id"))
    before = spark.range(20_000).select(
        F.lit(date(2026, 11, 23)).alias("event_date"), F.concat(F.lit("v"), F.col("id") * 2).alias("viewer_id")
    )
    rows = today.unionByName(before)
    return rows.select(*(F.col(name) if name in rows.columns else value.alias(name) for name, value in columns.items()))


def test_audience_sketches__few_viewers_are_counted_exactly(rows):
    came = ((24, "ann"), (24, "bob"), (18, "ann"), (17, "cyd"), (1, "dan"))
    days = rows("gold.user_daily", *({"event_date": date(2026, 11, day), "viewer_id": viewer} for day, viewer in came))

    found = {row.event_date.day: row for row in build_audience_sketches(days, [DAY, date(2026, 11, 20)]).collect()}

    assert [found[24][name] for name in ESTIMATES] == [2, 2, 4]  # ann on two days of the week
    assert [found[20][name] for name in ESTIMATES] == [0, 2, 3]
    assert (found[24].viewers_sketch is None, found[20].viewers_sketch) == (False, None), "nobody came on the 20th"


def test_audience_sketches__many_viewers_are_told_within_the_error(many):
    (row,) = build_audience_sketches(many, [DAY]).collect()

    exact = (20_000, 30_000, 30_000)
    assert [row[name] for name in ESTIMATES] == [pytest.approx(count, rel=4 * ERROR) for count in exact]
    assert row.daily_active_viewers_estimate != 20_000, "else it was no sketch"


def test_audience_sketches__the_same_whatever_the_order(many):
    """Of a rebuild the content hash must be the same; what Spark's aggregate gives is not, and is cut down."""
    found = [
        build_audience_sketches(many.repartition(count, *by), [DAY]).collect()[0].asDict()
        for count, by in ((1, ()), (7, ("viewer_id",)), (16, (F.rand(3),)))
    ]
    assert found[0] == found[1] == found[2]
    assert len(found[0]["viewers_sketch"]) < 50_000


def test_audience_sketches__of_days_can_be_merged_by_anybody(many):
    days = build_audience_sketches(many, [DAY, date(2026, 11, 23)])
    merged = days.agg(F.theta_sketch_estimate(F.theta_union_agg(F.unbase64("viewers_sketch"), LG_HASHES)).alias("count")).collect()[0][
        "count"
    ]
    assert merged == days.filter(F.col("event_date") == F.lit(DAY)).collect()[0].weekly_active_viewers_estimate


def test_audience_sketches__of_nobody(spark):
    (row,) = build_audience_sketches(spark.createDataFrame([], spark_schema(load_contract("gold.user_daily"))), [DAY]).collect()
    assert [row[name] for name in ESTIMATES] == [0, 0, 0]
