"""Airflow's environment: loopback, consistent addresses, secrets only in owner-only files."""

from __future__ import annotations

import base64
import json
import shlex
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from playhead.local.airflow_env import admin_password, airflow_env, ensure_secrets, password_file, secrets_dir
from playhead.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state", port_base=20000)


def test_addresses_agree_with_the_port(settings: Settings) -> None:
    """Tasks fail after seconds of retries when only api.port is changed (a trap of Airflow 3)."""
    env = airflow_env(settings, Path("/project"))
    assert env["AIRFLOW__API__PORT"] == "20080"
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert env["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:20080"
    assert env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:20080/execution/"


def test_folders_are_the_projects_and_the_state_directorys(settings: Settings) -> None:
    env = airflow_env(settings, Path("/project"))
    assert env["AIRFLOW__CORE__DAGS_FOLDER"] == "/project/dags"
    assert env["AIRFLOW__CORE__PLUGINS_FOLDER"] == "/project/plugins"
    assert env["AIRFLOW_HOME"] == str(settings.home / "airflow")


def test_connections_point_at_the_embedded_parts(settings: Settings) -> None:
    env = airflow_env(settings, Path("/project"))
    spark = json.loads(env["AIRFLOW_CONN_SPARK_DEFAULT"])
    warehouse = json.loads(env["AIRFLOW_CONN_SNOWFLAKE_DEFAULT"])["extra"]
    kafka = json.loads(env["AIRFLOW_CONN_KAFKA_DEFAULT"])["extra"]
    assert (spark["conn_type"], spark["host"], spark["port"]) == ("spark_connect", "127.0.0.1", 20002)
    assert (warehouse["protocol"], warehouse["host"], warehouse["port"]) == ("http", "127.0.0.1", 20084)
    assert kafka["bootstrap.servers"] == "127.0.0.1:20092"


def test_a_real_account_is_dialled_by_its_own_address(tmp_path: Path) -> None:
    settings = Settings(
        profile="production", state_dir=tmp_path, warehouse_account="org-acc", warehouse_password=SecretStr("p"), warehouse_role="LOADER"
    )
    extra = json.loads(airflow_env(settings, Path("/project"))["AIRFLOW_CONN_SNOWFLAKE_DEFAULT"])["extra"]
    assert (extra["account"], extra["database"], extra["role"]) == ("org-acc", "PLAYHEAD", "LOADER")
    assert not {"host", "port", "protocol"} & set(extra)


def test_secrets_are_generated_once_for_the_owner_only(settings: Settings) -> None:
    ensure_secrets(settings.home)
    first = {path.name: path.read_text() for path in secrets_dir(settings.home).iterdir()}
    ensure_secrets(settings.home)
    assert {path.name: path.read_text() for path in secrets_dir(settings.home).iterdir()} == first
    assert len(first) == 4
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in secrets_dir(settings.home).iterdir())
    assert stat.S_IMODE(secrets_dir(settings.home).stat().st_mode) == 0o700
    assert len(admin_password(settings.home)) >= 16


def test_the_key_of_tokens_is_as_long_as_their_algorithm_wants(settings: Settings) -> None:
    """With HS512, a key of less than 64 bytes is warned of at each token."""
    ensure_secrets(settings.home)
    assert len((secrets_dir(settings.home) / "airflow_jwt_secret").read_bytes()) >= 64
    assert len(base64.urlsafe_b64decode((secrets_dir(settings.home) / "airflow_fernet_key").read_bytes())) == 32


def test_the_environment_holds_no_generated_secret(settings: Settings) -> None:
    ensure_secrets(settings.home)
    env = airflow_env(settings, Path("/project"))
    generated = {path.read_text() for path in secrets_dir(settings.home).iterdir() if path != password_file(settings.home)}
    assert not [name for name, value in env.items() for secret in [*generated, admin_password(settings.home)] if secret in value]
    reading = shlex.split(env["AIRFLOW__API_AUTH__JWT_SECRET_CMD"])
    assert reading[0] == "cat"
    assert Path(reading[1]).read_text() in generated
