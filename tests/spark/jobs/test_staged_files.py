"""Staged files become a table's own by its log alone, and a file that is only partly replaced loses no row of the other partitions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from playhead.contracts.model import load_contract
from playhead.errors import BuildError
from playhead.io.delta import read_table
from playhead.io.delta_table import find_table, table_path
from playhead.io.staged_files import publish_staged, read_staged, stage_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.slow]

CONTRACT = load_contract("silver.interactions")
Publish = Callable[..., int]


def interactions(spark: SparkSession, *hours: str, like: str = "first") -> DataFrame:
    """One row for each hour, which names it: 31T05 is 05:00 on 31 January."""
    told = ", ".join(f"('{hour}', TIMESTAMP '2026-01-{hour[:2]} {hour[3:]}:10:00Z')" for hour in hours)
    rows = spark.sql(f"SELECT * FROM VALUES {told} AS t(event_id, event_timestamp)").selectExpr(
        "*",
        "date_trunc('HOUR', event_timestamp) AS event_hour",
        "to_date(event_timestamp) AS event_date",
        f"'{like}' AS event_type",
    )
    return rows.selectExpr(*(c.name if c.name in rows.columns else f"CAST(NULL AS {c.type}) AS {c.name}" for c in CONTRACT.columns))


@pytest.fixture
def publish(spark: SparkSession, lake: str) -> Publish:
    """Stages one row for each hour, together in one file, and publishes the hours given, or all of them."""

    def _publish(*hours: str, like: str, keys: Iterable[str] | None = None, mark: str | None = None) -> int:
        directory = stage_rows(interactions(spark, *hours, like=like).coalesce(1), lake, CONTRACT, "run", laid_out=True)
        staged = [f"2026-01-{hour}" for hour in hours]
        chosen = staged if keys is None else [f"2026-01-{hour}" for hour in keys]
        return publish_staged(spark, lake, CONTRACT, directory, staged=staged, keys=chosen, mark=mark or directory)

    return _publish


def visible(spark: SparkSession, lake: str) -> list[tuple[str, str]]:
    return sorted((row.event_id, row.event_type) for row in read_table(spark, lake, CONTRACT.name).collect())


def files(lake: str) -> set[str]:
    table = find_table(lake, CONTRACT.name)
    assert table is not None
    return {uri.rpartition("/silver/interactions/")[2] for uri in table.file_uris()}


def test_publish__staged_rows_are_invisible_until_the_commit_and_their_files_are_the_tables_then(
    spark: SparkSession, lake: str, publish: Publish
) -> None:
    publish("30T05", like="first")
    directory = stage_rows(interactions(spark, "31T05"), lake, CONTRACT, "run")
    assert visible(spark, lake) == [("30T05", "first")]
    assert [row.event_id for row in read_staged(spark, lake, CONTRACT, directory).collect()] == ["31T05"]
    written = {str(path.relative_to(table_path(lake, CONTRACT.name))) for path in Path(lake).rglob(f"{directory}/**/*.parquet")}

    publish_staged(spark, lake, CONTRACT, directory, staged=["2026-01-31T05"], keys=["2026-01-31T05"], mark="x")

    assert visible(spark, lake) == [("30T05", "first"), ("31T05", "first")]
    assert len(written) == 1
    assert written <= files(lake), "no row was written a second time"


def test_publish__replaces_whole_files_by_the_log_alone(spark: SparkSession, lake: str, publish: Publish) -> None:
    publish("31T05", "31T06", like="first")
    before = files(lake)
    publish("31T05", "31T06", like="second")
    assert visible(spark, lake) == [("31T05", "second"), ("31T06", "second")]
    assert len(files(lake)) == 1
    assert not files(lake) & before


def test_publish__keeps_the_other_hours_of_a_file_it_replaces_in_part(spark: SparkSession, lake: str, publish: Publish) -> None:
    publish("30T05", like="first")
    untouched = files(lake)
    publish("31T05", "31T06", "31T09", like="first")
    version = publish("31T06", like="second")
    assert visible(spark, lake) == [("30T05", "first"), ("31T05", "first"), ("31T06", "second"), ("31T09", "first")]
    assert untouched <= files(lake)
    earlier = read_table(spark, lake, CONTRACT.name, version - 1)
    assert {row.event_type for row in earlier.collect()} == {"first"}, "readers of the version before still see it"


def test_publish__shows_nothing_of_hours_that_were_refused(spark: SparkSession, lake: str, publish: Publish) -> None:
    publish("31T05", "31T06", like="first")
    publish("31T05", "31T06", "31T07", like="second", keys=["31T05", "31T07"])
    assert visible(spark, lake) == [("31T05", "second"), ("31T06", "first"), ("31T07", "second")]


def test_publish__an_hour_without_rows_becomes_empty(spark: SparkSession, lake: str, publish: Publish) -> None:
    publish("31T05", "31T06", like="first")
    directory = stage_rows(interactions(spark, "31T05").where("false"), lake, CONTRACT, "run")
    assert read_staged(spark, lake, CONTRACT, directory).count() == 0
    publish_staged(spark, lake, CONTRACT, directory, staged=["2026-01-31T06"], keys=["2026-01-31T06"], mark="empty")
    assert visible(spark, lake) == [("31T05", "first")]


def test_publish__a_commit_that_is_there_is_found_and_not_made_again(spark: SparkSession, lake: str, publish: Publish) -> None:
    first = publish("31T05", like="first", mark="run 1")
    later = publish("31T06", like="first", mark="run 2")
    assert publish("31T05", like="again", mark="run 1") == first
    assert later == first + 1
    assert visible(spark, lake) == [("31T05", "first"), ("31T06", "first")]


def test_publish__readers_skip_files_by_the_bounds_in_the_log(lake: str, publish: Publish) -> None:
    publish("31T05", "31T09", like="first")
    (added,) = [json.loads(line)["add"] for line in _newest_commit(lake).splitlines() if '"add"' in line]
    told = json.loads(added["stats"])
    assert (told["numRecords"], told["nullCount"]) == (2, {"event_hour": 0})
    assert told["minValues"] == {"event_hour": "2026-01-31T05:00:00.000Z"}
    assert told["maxValues"] == {"event_hour": "2026-01-31T09:00:00.000Z"}


def test_publish__a_row_without_an_hour_is_never_shown(spark: SparkSession, lake: str) -> None:
    """The gate refuses such a row under no hour's name; publishing must not let it through beside the sound ones."""
    rows = interactions(spark, "31T05").union(
        interactions(spark, "31T06").withColumns({name: _null(spark, name) for name in ("event_hour", "event_date")})
    )
    directory = stage_rows(rows.coalesce(1), lake, CONTRACT, "run")
    assert read_staged(spark, lake, CONTRACT, directory).count() == 2
    publish_staged(spark, lake, CONTRACT, directory, staged=["2026-01-31T05"], keys=["2026-01-31T05"], mark="x")
    assert visible(spark, lake) == [("31T05", "first")]


def test_publish__needs_partitions_to_replace(spark: SparkSession, lake: str) -> None:
    with pytest.raises(BuildError, match="no partitions given"):
        publish_staged(spark, lake, CONTRACT, "runs/none", staged=[], keys=[], mark="x")
    with pytest.raises(BuildError, match="append to it instead"):
        stage_rows(spark.range(1), lake, load_contract("ops.publish_log"), "run")


def test_publish__a_day_replaces_a_day(spark: SparkSession, lake: str) -> None:
    contract = load_contract("gold.user_content_daily")
    days = [date(2026, 1, 30), date(2026, 1, 31)]
    nulls = ", ".join(f"CAST(NULL AS {c.type}) AS {c.name}" for c in contract.columns if c.name not in {"event_date", "plays_count"})

    def build(plays: int, *built: date) -> str:
        told = ", ".join(f"(DATE '{day}', {plays}L)" for day in built)
        return stage_rows(spark.sql(f"SELECT *, {nulls} FROM VALUES {told} AS t(event_date, plays_count)"), lake, contract, "run")

    publish_staged(spark, lake, contract, build(1, *days), staged=days, keys=days, mark="first")
    publish_staged(spark, lake, contract, build(2, *days), staged=days, keys=days[1:], mark="second")

    rows = read_table(spark, lake, contract.name).collect()
    assert sorted((row.event_date, row.plays_count) for row in rows) == [(days[0], 1), (days[1], 2)]


def _null(spark: SparkSession, name: str) -> Any:
    from pyspark.sql import functions as F

    kind = next(column.type for column in CONTRACT.columns if column.name == name)
    return F.lit(None).cast(kind)


def _newest_commit(lake: str) -> str:
    log = Path(table_path(lake, CONTRACT.name)) / "_delta_log"
    return max(log.glob("*.json")).read_text(encoding="utf-8")
