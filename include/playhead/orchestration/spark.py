"""The batch engine in Airflow: a session where the Spark connection points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from playhead.errors import SettingsError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CONNECTION_ID = "spark_default"
_CONNECT = "spark_connect"


def is_connect(conn_id: str) -> bool:
    """Whether the connection is one to a Spark Connect server."""
    return bool(BaseHook.get_connection(conn_id).conn_type == _CONNECT)


def connect_session(conn_id: str) -> SparkSession:
    """A client session on the Spark Connect server of an Airflow connection.

    Raises:
        SettingsError: the connection is of another kind.
    """
    from airflow.providers.apache.spark.hooks.spark_connect import SparkConnectHook

    from playhead.spark import connect

    if not is_connect(conn_id):
        raise SettingsError(f"this task needs Spark Connect, and {conn_id} is another kind of connection; give it a {_CONNECT} connection")
    return connect(SparkConnectHook(conn_id).get_connection_url())
