"""The hook and the operator reach the embedded server through a plain Airflow connection."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from playhead.io.snowflake import airflow_connection, fetch_rows
from playhead.settings import Settings


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch, warehouse: Settings, tmp_path: Path) -> None:
    """An Airflow home of one's own with the connection in the environment, as the stack sets it."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{tmp_path}/airflow.db")
    monkeypatch.setenv("AIRFLOW_CONN_SNOWFLAKE_DEFAULT", airflow_connection(warehouse))


def test_hook__reaches_the_embedded_server(airflow: None, warehouse: Settings) -> None:
    from playhead.orchestration.snowflake import WarehouseHook

    with closing(WarehouseHook().get_conn()) as connection:
        assert fetch_rows(connection, "SELECT CURRENT_DATABASE() AS D") == [{"D": warehouse.warehouse_database}]


def test_hook__stock_one_drops_the_protocol(airflow: None) -> None:
    """Negative control: the override is removed when this fails, for then the provider passes `protocol` on."""
    from airflow.providers.snowflake.hooks.snowflake import SnowflakeHook

    from playhead.orchestration.snowflake import WarehouseHook

    assert "protocol" not in SnowflakeHook()._get_conn_params()
    assert WarehouseHook()._get_conn_params()["protocol"] == "http"


def test_query_operator__runs_through_the_hook(airflow: None) -> None:
    from playhead.orchestration.snowflake import WarehouseQuery

    result: Any = WarehouseQuery(task_id="ask", sql="SELECT 1 AS ONE").execute({})
    assert [tuple(row) for row in result] == [(1,)]


def test_ensure_operator__makes_the_objects(airflow: None, ask: Any) -> None:
    from playhead.orchestration.snowflake import EnsureWarehouse

    EnsureWarehouse(task_id="ensure").execute({})
    assert ask("SELECT COUNT(*) AS N FROM BI.V_TOP_CONTENT") == [{"N": 0}]
