"""The partition profile: one row per partition, with its rows, broken rules and a content hash that depends on nothing but content."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from playhead.contracts.derive import spark_schema
from playhead.contracts.model import load_contract
from playhead.quality.profile import profile_partitions, table_hash

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.spark

CONTRACT = load_contract("gold.audience_daily")
COUNTS = {column.name: 1 for column in CONTRACT.columns if column.type == "bigint"}


def audience(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    whole = [{"event_date": date(2026, 1, 31), "ad_revenue": Decimal("0.5"), **COUNTS, **row} for row in rows]
    return spark.createDataFrame([tuple(row[name] for name in CONTRACT.column_names) for row in whole], spark_schema(CONTRACT))


def test_profile__names_partition_rule_and_count(spark: SparkSession) -> None:
    rows = audience(
        spark,
        {"plays_count": -1},
        {"event_date": date(2026, 2, 1)},
        {"event_date": date(2026, 2, 2), "plays_count": None},
        {"event_date": date(2026, 2, 2), "sessions_count": -7},
    )

    told = {p.key: (p.rows_count, p.broken) for p in profile_partitions(rows, CONTRACT, ["2026-02-03"])}

    assert told == {
        "2026-01-31": (1, {"range:plays_count": 1}),
        "2026-02-01": (1, {}),
        # two rows of one day, which is the key: one of them repeats it
        "2026-02-02": (2, {"required:plays_count": 1, "range:sessions_count": 1, "unique:key": 1}),
        "2026-02-03": (0, {}),
    }


def test_profile__counts_a_row_once_in_each_dimension_it_breaks_rules_of(spark: SparkSession) -> None:
    twice = {"plays_count": None, "sessions_count": None, "completed_count": -1}
    rows = audience(spark, twice, {"event_date": date(2026, 2, 1), "plays_count": None}, {"event_date": date(2026, 2, 1)})

    told = {p.key: p.broken_rows for p in profile_partitions(rows, CONTRACT)}

    assert told == {"2026-01-31": {"completeness": 1, "validity": 1}, "2026-02-01": {"completeness": 1, "uniqueness": 1}}


def test_profile__means_are_of_watched_columns_that_have_values(spark: SparkSession) -> None:
    assert CONTRACT.watched == ("daily_active_viewers_count", "plays_count")
    rows = audience(
        spark, {"plays_count": 2}, {"plays_count": 5}, {"plays_count": None}, {"event_date": date(2026, 2, 1), "plays_count": None}
    )

    told = {p.key: p.means for p in profile_partitions(rows, CONTRACT)}

    # (2 + 5) / 2 values
    assert told == {
        "2026-01-31": {"daily_active_viewers_count": 1.0, "plays_count": 3.5},
        "2026-02-01": {"daily_active_viewers_count": 1.0},
    }


def test_profile__the_mean_of_a_truth_is_its_share(spark: SparkSession) -> None:
    contract = load_contract("silver.playbacks")
    assert "is_failed" in contract.watched
    hour = datetime(2026, 1, 31, 5, tzinfo=UTC)
    plays = [{"event_hour": hour, "is_failed": failed} for failed in (True, False, False, None, False)]
    rows = spark.createDataFrame([tuple(play.get(name) for name in contract.column_names) for play in plays], spark_schema(contract))

    (profile,) = profile_partitions(rows, contract)

    assert profile.means == {"is_failed": 0.25}


def test_profile__timely_is_what_was_accepted_within_the_promised_freshness(spark: SparkSession) -> None:
    contract = load_contract("silver.interactions")
    happened = datetime(2026, 1, 31, 5, 10, tzinfo=UTC)
    promised = timedelta(minutes=contract.freshness_minutes)
    received = [happened + promised, happened + promised + timedelta(microseconds=1), None]
    events = [{"event_hour": happened.replace(minute=0), "event_timestamp": happened, "received_at": moment} for moment in received]
    rows = spark.createDataFrame([tuple(event.get(name) for name in contract.column_names) for event in events], spark_schema(contract))

    (profile,) = profile_partitions(rows, contract)

    assert (profile.rows_count, profile.timely_count) == (3, 1)
    assert [p.timely_count for p in profile_partitions(audience(spark, {}), CONTRACT)] == [None]


def test_profile__rows_without_partition_are_named(spark: SparkSession) -> None:
    (profile,) = profile_partitions(audience(spark, {"event_date": None}), CONTRACT)

    assert (profile.key, profile.broken) == ("none", {"required:event_date": 1})


def test_content_hash__ignores_order_and_sees_every_value(spark: SparkSession) -> None:
    first, second = {"plays_count": 4}, {"event_date": date(2026, 2, 1), "plays_count": 5}
    same = table_hash(audience(spark, first, second), CONTRACT)

    assert table_hash(audience(spark, second, first), CONTRACT) == same
    assert table_hash(audience(spark, first, second | {"plays_count": 6}), CONTRACT) != same
    assert table_hash(audience(spark, first), CONTRACT) != same


def test_content_hash__twice_the_same_row_is_not_none(spark: SparkSession) -> None:
    """XOR alone would cancel a pair; the sum and the count do not."""
    assert table_hash(audience(spark, {}, {}), CONTRACT) != table_hash(audience(spark, {}, {}, {}, {}), CONTRACT)
    assert table_hash(audience(spark, {}, {}), CONTRACT) != table_hash(audience(spark), CONTRACT)


def test_content_hash__null_has_a_place(spark: SparkSession) -> None:
    """xxhash64 passes over NULLs, so without marks these two would be equal."""
    left = audience(spark, {"plays_count": 1, "sessions_count": None})
    right = audience(spark, {"plays_count": None, "sessions_count": 1})

    assert table_hash(left, CONTRACT) != table_hash(right, CONTRACT)


def test_content_hash__leaves_out_what_differs_between_honest_rebuilds(spark: SparkSession) -> None:
    contract = load_contract("gold.churn_scores")

    def score(version: str) -> DataFrame:
        row = {"score_date": date(2026, 1, 31), "user_id": "u1", "churn_probability": 0.5, "model_version": version}
        return spark.createDataFrame([tuple(row.get(name) for name in contract.column_names)], spark_schema(contract))

    assert table_hash(score("3"), contract) == table_hash(score("4"), contract)


def test_profile__hour_key_is_utc(spark: SparkSession) -> None:
    contract = load_contract("silver.interactions")
    row = {"event_hour": datetime(2026, 1, 31, 5, tzinfo=UTC)}
    rows = spark.createDataFrame([tuple(row.get(name) for name in contract.column_names)], spark_schema(contract))

    assert [p.key for p in profile_partitions(rows, contract)] == ["2026-01-31T05"]
