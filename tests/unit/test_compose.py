"""docker-compose.yaml: valid for Compose, pinned, healthy by check, free of secrets, and in step with the settings the code reads.

No container engine runs where these tests do, so the file is checked and not started.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from playhead.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"s3-init", "topics", "airflow-init"}
SECRET_NAMES = re.findall(r"^([A-Z_0-9]+)=", (ROOT / "deploy" / "env.example").read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_compose_accepts_the_file() -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed: apt-get install docker-compose")
    environment = {**os.environ, **dict.fromkeys(SECRET_NAMES, "x")}
    outcome = subprocess.run(["docker-compose", "config", "-q"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr


def test_compose_refuses_a_missing_secret() -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed: apt-get install docker-compose")
    environment = {k: v for k, v in os.environ.items() if k not in SECRET_NAMES}
    outcome = subprocess.run(["docker-compose", "config", "-q"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode != 0
    assert "set it in .env" in outcome.stderr


def test_all_parts_are_there() -> None:
    expected = {
        "kafka", "spark-connect", "stream", "collector", "exporter", "serving", "postgres", "airflow-api-server", "airflow-scheduler",
        "airflow-dag-processor", "airflow-triggerer", "dashboard", "s3", "mail", "prometheus", "grafana", "kafka-ui", "jupyter",
    }  # fmt: skip
    assert expected <= set(SERVICES)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned_and_services_have_health_checks(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":[\w.-]*\d", service["image"]), "an image without a version changes under our feet"
    assert "latest" not in service["image"]
    assert name in ONE_SHOT or "healthcheck" in service


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_published_ports_are_on_loopback(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_secrets_come_from_the_environment() -> None:
    for name, service in SERVICES.items():
        for variable, value in (service.get("environment") or {}).items():
            if re.search(r"PASSWORD|SECRET|TOKEN|FERNET", variable):
                assert str(value).startswith("${"), f"{name}: {variable}"


def test_every_playhead_variable_is_a_setting() -> None:
    """A renamed setting would otherwise be ignored in silence."""
    known = {f"PLAYHEAD_{field.upper()}" for field in Settings.model_fields}
    used = {v for s in SERVICES.values() for v in (s.get("environment") or {}) if v.startswith("PLAYHEAD_")}
    assert used - known == set()


def test_the_collector_port_is_the_one_it_listens_on() -> None:
    assert SERVICES["collector"]["ports"] == [f"127.0.0.1:8081:{Settings(port_base=18000).port('collector')}"]


def test_the_serving_port_is_the_one_it_listens_on() -> None:
    assert SERVICES["serving"]["ports"] == [f"127.0.0.1:8088:{Settings(port_base=18000).port('serving')}"]


def test_the_dashboard_is_published_on_the_port_that_it_is_told_and_reads_as_the_role_of_bi() -> None:
    service, port = SERVICES["dashboard"], Settings(port_base=18000).port("dashboard")
    assert service["ports"] == [f"127.0.0.1:8501:{port}"]
    assert service["command"][1:] == ["-m", "playhead.local.dashboard", "0.0.0.0", str(port)]
    roles = (ROOT / "include/playhead/warehouse/sql/snowflake_only/20_roles.sql").read_text(encoding="utf-8")
    role = service["environment"]["PLAYHEAD_WAREHOUSE_ROLE"].removesuffix("}").split(":-")[1]
    assert f"GRANT SELECT ON FUTURE VIEWS IN SCHEMA PLAYHEAD.BI TO ROLE {role};" in roles


def test_prometheus_scrapes_the_ports_that_collector_exporter_and_serving_listen_on() -> None:
    jobs = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in jobs}
    assert targets == {name: [f"{name}:{Settings(port_base=18000).port(name)}"] for name in ("collector", "exporter", "serving")}
    assert SERVICES["exporter"]["expose"] == [str(Settings(port_base=18000).port("exporter"))]


def test_spark_connect_is_reached_on_the_port_it_listens_on() -> None:
    port = Settings(port_base=18000).port("spark_connect")
    assert SERVICES["spark-connect"]["expose"] == [str(port)]
    assert SERVICES["stream"]["environment"]["PLAYHEAD_SPARK_REMOTE"].endswith(f":{port}")
