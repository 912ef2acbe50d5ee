"""The warehouse connection: the real Snowflake connector, to an account in production and to the embedded server otherwise."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import snowflake.connector
from snowflake.connector import DictCursor
from snowflake.connector.errors import Error as SnowflakeError

from playhead.errors import SettingsError, WarehouseAbsentError, WarehouseError
from playhead.settings import Settings

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

LOOPBACK = "127.0.0.1"
# Timestamps without a zone are UTC everywhere in Playhead; weeks start on Monday, as ISO says.
SESSION_PARAMETERS: dict[str, Any] = {"TIMEZONE": "UTC", "WEEK_START": 1, "QUERY_TAG": "playhead"}
_LOGIN_TIMEOUT_S = 30
# Path of a PEM file; its passphrase is the warehouse password. A path is no secret, the file is.
PRIVATE_KEY_VARIABLE = "PLAYHEAD_WAREHOUSE_PRIVATE_KEY_FILE"


def is_embedded(settings: Settings) -> bool:
    """Whether the warehouse is the embedded server of this machine."""
    return settings.profile == "embedded"


def connection_parameters(settings: Settings) -> dict[str, Any]:
    """What the connector is called with.

    Raises:
        SettingsError: a production account without a user, or with neither a password nor a key.
    """
    password = settings.warehouse_password.get_secret_value()
    parameters: dict[str, Any] = {
        "account": settings.warehouse_account,
        "user": settings.warehouse_user,
        "database": settings.warehouse_database,
        "session_parameters": dict(SESSION_PARAMETERS),
        "login_timeout": _LOGIN_TIMEOUT_S,
        "application": "Playhead",
    }
    if is_embedded(settings):
        return parameters | _embedded_parameters(settings) | {"password": password or "embedded"}
    key_file = os.environ.get(PRIVATE_KEY_VARIABLE, "")
    if key_file:
        parameters["private_key_file"] = key_file
        if password:
            parameters["private_key_file_pwd"] = password
    elif password:
        parameters["password"] = password
    else:
        raise SettingsError(f"the warehouse has neither password nor key; set PLAYHEAD_WAREHOUSE_PASSWORD or {PRIVATE_KEY_VARIABLE}")
    optional = {"role": settings.warehouse_role, "warehouse": settings.warehouse_name}
    return parameters | {name: value for name, value in optional.items() if value}


def warehouse_connection(settings: Settings) -> SnowflakeConnection:
    """An open session on the warehouse's database.

    Raises:
        WarehouseAbsentError: it cannot be reached or refuses the login; the message says what to do.
    """
    parameters = connection_parameters(settings)
    # The connector logs every failed attempt with a stack trace; the one error below says it all.
    logging.getLogger("snowflake.connector").setLevel(logging.CRITICAL)
    try:
        connection = snowflake.connector.connect(**parameters)
    except SnowflakeError as error:
        where = f"{parameters.get('host', parameters['account'])}:{parameters.get('port', 443)}"
        step = "start it with `playhead up`" if is_embedded(settings) else "check PLAYHEAD_WAREHOUSE_* and the network policy"
        raise WarehouseAbsentError(f"cannot connect to the warehouse at {where} ({error.msg or error}); {step}") from error
    connection.telemetry_enabled = False
    return connection


def fetch_rows(connection: SnowflakeConnection, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """Run one statement with bound values and return its rows, columns by their upper-case names."""
    with connection.cursor(DictCursor) as cursor:
        cursor.execute(sql, tuple(values) or None)
        rows: list[dict[str, Any]] = cursor.fetchall()
        return rows


def ask_rows(connection: SnowflakeConnection, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """fetch_rows for a person, who is told what to do when the warehouse refuses.

    Raises:
        WarehouseError: the warehouse refused the statement.
    """
    try:
        return fetch_rows(connection, sql, values)
    except SnowflakeError as error:
        raise WarehouseError(
            f"the warehouse refused the statement: {error.msg or error}; see `playhead views` for what is there, `playhead load` fills it"
        ) from error


def execute(connection: SnowflakeConnection, sql: str, values: Sequence[Any] = ()) -> int:
    """Run one statement with bound values and return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, tuple(values) or None)
        return int(cursor.rowcount or 0)


def airflow_connection(settings: Settings) -> str:
    """The Airflow connection (`AIRFLOW_CONN_SNOWFLAKE_DEFAULT`, as JSON) that reaches the same warehouse through WarehouseHook."""
    parameters = connection_parameters(settings)
    placed = {"user", "password", "private_key_file_pwd"}
    return json.dumps(
        {
            "conn_type": "snowflake",
            "login": parameters["user"],
            "password": parameters.get("password", parameters.get("private_key_file_pwd", "")),
            "extra": {name: value for name, value in parameters.items() if name not in placed},
        }
    )


def _embedded_parameters(settings: Settings) -> dict[str, Any]:
    return {
        "host": LOOPBACK,
        "port": settings.port("warehouse"),
        "protocol": "http",
        # It asks cloud metadata addresses which cloud it runs in; nobody answers on a desk.
        "platform_detection_timeout_seconds": 0,
        "session_parameters": {"CLIENT_TELEMETRY_ENABLED": False, "TIMEZONE": "UTC"},
        "login_timeout": 5,
        "network_timeout": 120,
    }
