"""The warehouse in Airflow: a hook that also reaches the embedded server, and the operators that use it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.snowflake.hooks.snowflake import SnowflakeHook
from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

CONNECTION_ID = "snowflake_default"


class WarehouseHook(SnowflakeHook):
    """SnowflakeHook that passes the connection's `protocol` on, which the provider drops (6.20), and with it plain-http servers."""

    _PASSED_ON = ("protocol", "platform_detection_timeout_seconds", "login_timeout", "network_timeout")

    def _add_network_config(self, conn_config: dict[str, Any], extra_dict: dict[str, Any]) -> None:
        super()._add_network_config(conn_config, extra_dict)
        conn_config.update({name: extra_dict[name] for name in self._PASSED_ON if name in extra_dict})


class WarehouseQuery(SQLExecuteQueryOperator):
    """Runs SQL in the warehouse, wherever its connection points."""

    ui_color = "#ededed"

    def __init__(self, *, conn_id: str = CONNECTION_ID, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)

    def get_db_hook(self) -> WarehouseHook:
        """The hook, without asking the provider registry for the stock one."""
        return WarehouseHook(self.conn_id)


class EnsureWarehouse(BaseOperator):
    """Makes the warehouse's schemas, tables, columns and views that are not there yet."""

    ui_color = "#ededed"

    def __init__(self, *, conn_id: str = CONNECTION_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id

    def execute(self, context: Context) -> None:
        """Make what is missing; running it again changes nothing."""
        from playhead.warehouse.schema import ensure_objects

        with closing(WarehouseHook(self.conn_id).get_conn()) as connection:
            ensure_objects(connection)


class LoadWarehouse(BaseOperator):
    """Loads what was published since the last load; the XCom value says how much."""

    ui_color = "#ededed"

    def __init__(self, *, conn_id: str = CONNECTION_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the load of this DAG run."""
        from playhead.jobs.load_warehouse import run_load
        from playhead.settings import get_settings

        settings = get_settings()
        with closing(WarehouseHook(self.conn_id).get_conn()) as connection:
            return run_load(
                connection,
                lake=settings.lake,
                export_root=settings.home / "export",
                run_id=f"{context['dag_run'].dag_id}/{context['dag_run'].run_id}",
            )
