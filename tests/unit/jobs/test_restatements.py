"""Which published partitions count as restated, and how `playhead restatements` tells it. No engine runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from playhead.cli import app
from playhead.contracts.model import load_contract
from playhead.io.delta_table import append_rows
from playhead.jobs.published import PublishedPartition
from playhead.jobs.restatements import Republished, measures, read_receipts
from playhead.settings import get_settings

HOUR_OVER = datetime(2026, 1, 31, 6, tzinfo=UTC)
NOW = datetime.now(UTC)


def told_at(moment: datetime, content: str = "old") -> PublishedPartition:
    return PublishedPartition(1, 0, {}, 1, content, moment)


def restated(before: dict[str, PublishedPartition], content: str = "new") -> list[str]:
    return Republished("gold.qoe_hourly", 2, {"2026-01-31T05": content}, before).restated()


def test_restated__a_number_that_was_told_after_its_hour() -> None:
    assert restated({"2026-01-31T05": told_at(HOUR_OVER)}) == ["2026-01-31T05"]


def test_restated__not_while_the_hour_ran_nor_the_first_time_nor_with_the_same_content() -> None:
    assert restated({"2026-01-31T05": told_at(HOUR_OVER - timedelta(seconds=1))}) == []
    assert restated({"2026-01-31T04": told_at(HOUR_OVER)}) == []
    assert restated({"2026-01-31T05": told_at(HOUR_OVER)}, "old") == []


def test_restated__a_day_is_over_at_midnight() -> None:
    def day(moment: datetime) -> list[str]:
        return Republished("gold.user_daily", 2, {"2026-01-31": "new"}, {"2026-01-31": told_at(moment)}).restated()

    midnight = datetime(2026, 2, 1, tzinfo=UTC)
    assert day(midnight) == ["2026-01-31"]
    assert day(midnight - timedelta(seconds=1)) == []


def receipt(table: str = "gold.content_daily", **change: Any) -> dict[str, Any]:
    values = {
        "run_id": "run",
        "table_name": table,
        "partition_key": "2026-01-31",
        "measure_name": "plays_count",
        "dag_id": "build_daily",
        "cause": "late_data",
        "old_value": Decimal(1043),
        "new_value": Decimal(1044),
        "published_at": NOW,
        "restated_at": NOW,
    }
    return values | change


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield str(tmp_path / "lake")
    get_settings.cache_clear()


def test_command__prints_old_and_new_value_cause_and_run(lake: str) -> None:
    append_rows(lake, "ops.restatements", [receipt(), receipt(partition_key="2026-01-30", old_value=None)])
    done = CliRunner().invoke(app, ["restatements"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    for told in ("1,043", "1,044", "late data", "unknown"):
        assert told in done.output


def test_command__json_has_each_of_the_table_and_days_asked_for(lake: str) -> None:
    old = receipt("gold.user_daily", restated_at=NOW - timedelta(days=40))
    append_rows(lake, "ops.restatements", [receipt(), receipt("gold.user_daily"), old])
    done = CliRunner().invoke(app, ["restatements", "--table", "gold.user_daily", "--json"])
    (row,) = json.loads(done.stdout)
    assert (row["old_value"], row["restated_at"][10]) == (1043, "T")
    assert len(read_receipts(lake, since=NOW - timedelta(days=60))) == 3


def test_command__without_any_says_so_and_an_unknown_table_names_the_tables(lake: str) -> None:
    assert "No published number has changed" in CliRunner().invoke(app, ["restatements"]).output
    done = CliRunner().invoke(app, ["restatements", "--table", "gold.nothing"])
    assert done.exit_code != 0
    assert "gold.content_daily" in str(done.exception)


def test_measures__are_told_where_they_add_up() -> None:
    assert {"plays_count", "ad_revenue"} <= set(measures(load_contract("gold.content_daily")))
    assert measures(load_contract("gold.qoe_breakdown_daily")) == [], "a play stands in twelve of its rows"
