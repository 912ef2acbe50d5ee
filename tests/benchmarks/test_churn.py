"""What the bench `churn` works on, and when it refuses its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable

from benchmarks.churn import difference
from benchmarks.churn_users import DAYS, TABLES, churn_lake
from playhead.contracts.model import load_contract
from playhead.io.delta_table import table_path

USERS = 400


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return churn_lake(tmp_path_factory.mktemp("state"), USERS)


def _ask(lake: Path, table: str, select: str) -> Any:
    files = DeltaTable(table_path(str(lake), table)).file_uris()
    return duckdb.execute(f"SELECT {select} FROM read_parquet({files}, hive_types = {{event_date: DATE}})").fetchall()[0]


@pytest.mark.parametrize("table", TABLES)
def test_keys_are_unique(table: str, lake: Path) -> None:
    rows, keys = _ask(lake, table, f"count(*), count(DISTINCT ({', '.join(load_contract(table).key)}))")
    assert rows == keys > USERS


def test_all_users_are_known_from_the_first_day_on_and_most_have_left_by_stalls(lake: Path) -> None:
    known = "count(DISTINCT user_id) FILTER (event_date = DATE '2026-01-01'), count(DISTINCT user_id), count(DISTINCT event_date)"
    assert _ask(lake, "gold.user_daily", known) == (USERS, USERS, DAYS)
    last_week = "event_date > DATE '2026-01-28'"
    smooth, stalled = (
        _ask(lake, "gold.user_daily", f"count(DISTINCT user_id) FILTER ({last_week} AND {kind}) / count(DISTINCT user_id) FILTER ({kind})")
        for kind in ("stall_ms = 0", "stall_ms > 0")
    )
    assert smooth[0] > 3 * stalled[0]


@pytest.mark.parametrize(
    ("ours", "told"),
    [
        pytest.param({"scored": 9, "margins": "a"}, "ours scored 9 where 10", id="too few"),
        pytest.param({"scored": "no model: ties", "margins": "a"}, "ours scored no model: ties", id="scored by the rule"),
        pytest.param({"scored": 10, "margins": "b"}, "predictions before calibration differ", id="other trees"),
        pytest.param({"scored": 10, "margins": "a"}, None, id="equal"),
    ],
)
def test_unequal_models_are_told(ours: dict[str, Any], told: str | None) -> None:
    found = difference({"ours": ours, "bare_lightgbm": {"margins": "a"}}, 10)
    assert found is None if told is None else (found or "").startswith(told)
