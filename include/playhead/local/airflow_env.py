"""Airflow's whole configuration as environment variables; secrets lie in owner-only files that Airflow reads by command.

The same variables serve the server processes and the one-time migration of the metadata database.
"""

from __future__ import annotations

import base64
import json
import secrets
import shlex
from pathlib import Path
from urllib.parse import urlsplit

from playhead.io.kafka import client_config
from playhead.io.snowflake import airflow_connection
from playhead.local.processes import LOOPBACK
from playhead.settings import Settings

ADMIN = "admin"
DATABASE = "airflow.db"
_PASSWORDS = "airflow_passwords.json"
_SECRET_KEYS = {
    "AIRFLOW__API_AUTH__JWT_SECRET_CMD": "airflow_jwt_secret",
    "AIRFLOW__API__SECRET_KEY_CMD": "airflow_api_secret_key",
    "AIRFLOW__CORE__FERNET_KEY_CMD": "airflow_fernet_key",
}
# A Fernet key has exactly 32 bytes; tokens are signed with HS512, which wants 64.
_KEY_BYTES = {"airflow_jwt_secret": 64, "airflow_api_secret_key": 32, "airflow_fernet_key": 32}


def secrets_dir(home: Path) -> Path:
    """Where generated secrets lie (directory 0700, files 0600)."""
    return home / "secrets"


def ensure_secrets(home: Path) -> None:
    """Generate the admin's password and Airflow's keys, once."""
    directory = secrets_dir(home)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_once(directory / _PASSWORDS, json.dumps({ADMIN: secrets.token_urlsafe(12)}))
    for name in _SECRET_KEYS.values():
        _write_once(directory / name, base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES[name])).decode())


def _write_once(path: Path, secret: str) -> None:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secret, encoding="utf-8")


def password_file(home: Path) -> Path:
    """The file that holds the admin's password."""
    return secrets_dir(home) / _PASSWORDS


def admin_password(home: Path) -> str:
    """The generated password of the Airflow user `admin`."""
    passwords: dict[str, str] = json.loads(password_file(home).read_text(encoding="utf-8"))
    return passwords[ADMIN]


def airflow_env(settings: Settings, project: Path) -> dict[str, str]:
    """Environment of every Airflow process of the embedded stack."""
    commands = {variable: f"cat {shlex.quote(str(secrets_dir(settings.home) / name))}" for variable, name in _SECRET_KEYS.items()}
    return _configuration(settings, project) | commands | _connections(settings)


def _configuration(settings: Settings, project: Path) -> dict[str, str]:
    home = settings.home / "airflow"
    port = settings.port("airflow")
    options = {
        ("core", "dags_folder"): project / "dags",
        ("core", "plugins_folder"): project / "plugins",
        ("core", "load_examples"): False,
        # The first `up` unpauses them; the demo does so one by one, in the data's order.
        ("core", "dags_are_paused_at_creation"): True,
        ("core", "executor"): "LocalExecutor",
        # Two cores: four tasks at once, of which most only wait for the Spark server.
        ("core", "parallelism"): 4,
        ("core", "max_active_tasks_per_dag"): 4,
        ("core", "dagbag_import_timeout"): 90,
        ("core", "min_serialized_dag_update_interval"): 5,
        ("core", "simple_auth_manager_users"): f"{ADMIN}:admin",
        ("core", "simple_auth_manager_passwords_file"): password_file(settings.home),
        # Tasks find the execution API through this address, not through api.port.
        ("core", "execution_api_server_url"): f"http://{LOOPBACK}:{port}/execution/",
        ("api", "base_url"): settings.airflow_url,
        ("api", "host"): LOOPBACK,
        ("api", "port"): port,
        ("api", "workers"): 1,
        ("database", "sql_alchemy_conn"): f"sqlite:///{home / DATABASE}",
        # A parse costs seconds of CPU, which tasks need more; DAG files seldom change.
        ("dag_processor", "refresh_interval"): 60,
        ("dag_processor", "min_file_process_interval"): 300,
        ("dag_processor", "parsing_processes"): 1,
        ("dag_processor", "dag_file_processor_timeout"): 120,
        ("scheduler", "scheduler_heartbeat_sec"): 2,
        ("triggerer", "capacity"): 100,
        ("logging", "base_log_folder"): home / "logs",
        ("logging", "colored_console_log"): False,
        ("usage_data_collection", "enabled"): False,
    }
    return {"AIRFLOW_HOME": str(home)} | {f"AIRFLOW__{section}__{key}".upper(): str(value) for (section, key), value in options.items()}


def _connections(settings: Settings) -> dict[str, str]:
    """The connections that DAGs name; where they point decides where the work runs."""
    spark = urlsplit(settings.remote)
    connections: dict[str, dict[str, object]] = {
        "spark_default": {"conn_type": "spark_connect", "host": spark.hostname, "port": spark.port},
        "kafka_default": {
            "conn_type": "kafka",
            "extra": client_config(settings) | {"group.id": "playhead-airflow", "auto.offset.reset": "latest"},
        },
    }
    told = {f"AIRFLOW_CONN_{name.upper()}": json.dumps(connection) for name, connection in connections.items()}
    return told | {"AIRFLOW_CONN_SNOWFLAKE_DEFAULT": airflow_connection(settings)}
