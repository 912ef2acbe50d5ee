"""All settings, in one typed, frozen object: environment (PLAYHEAD_*) first, then config/<profile>.yaml, then the defaults here.

Only entry points (command line, DAG tasks, spark_apps, servers) call get_settings(); everything else takes values.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from playhead.errors import SettingsError

# One stack = one block of ports, so that two stacks (yours and the tests') live side by side.
_PORT_OFFSETS = {
    "airflow": 80,
    "collector": 81,
    "warehouse": 84,
    "exporter": 85,
    "player": 86,
    "dashboard": 87,
    "serving": 88,
    "smtp": 25,
    "kafka": 92,
    "kafka_controller": 93,
    "spark_connect": 2,
    "spark_ui": 40,
    "stream_ui": 41,
}


class _ProfileSource(PydanticBaseSettingsSource):
    """Reads config/<profile>.yaml from the package."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Unused: the whole file is read at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        profile = os.environ.get("PLAYHEAD_PROFILE", "embedded")
        resource = files("playhead").joinpath(f"config/{profile}.yaml")
        if not resource.is_file():
            raise SettingsError(f"PLAYHEAD_PROFILE={profile!r} is unknown; use embedded or production")
        values: dict[str, Any] = yaml.safe_load(resource.read_text(encoding="utf-8"))
        return values


class Settings(BaseSettings):
    """Where things are and how they are dialled. Addresses left empty follow from port_base (the embedded stack)."""

    model_config = SettingsConfigDict(env_prefix="PLAYHEAD_", frozen=True, extra="forbid")

    profile: Literal["embedded", "production"] = "embedded"
    state_dir: Path = Field(default=Path(".playhead"), description="State of the embedded stack.")
    cache_dir: Path = Field(default=Path.home() / ".cache" / "playhead", description="Downloaded jars and packages.")
    project_dir: Path = Field(default=Path(), description="The checkout: where dags/, plugins/ and spark_apps/ are.")
    port_base: int = Field(default=18000, ge=1024, le=65000)

    bind_host: str = Field(
        default="127.0.0.1",
        description="Address that collector, exporter, serving, dashboard and Spark Connect listen on; loopback unless in a container.",
    )

    lake_uri: str = Field(default="", description="Root of the Delta tables: a path or s3a://bucket/prefix.")
    kafka_bootstrap: str = ""
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"] = "PLAINTEXT"
    kafka_sasl_mechanism: str = "SCRAM-SHA-512"
    kafka_username: str = ""
    kafka_password: SecretStr = SecretStr("")
    topic_partitions: dict[str, int] = Field(default_factory=dict)
    topic_replication: int = Field(default=1, ge=1)

    spark_remote: str = Field(default="", description="sc://host:port of the batch engine.")

    warehouse_account: str = "playhead"
    warehouse_user: str = "playhead"
    warehouse_password: SecretStr = SecretStr("")
    warehouse_database: str = "PLAYHEAD"
    warehouse_role: str = ""
    warehouse_name: str = ""

    smtp_host: str = Field(default="", description="Mail server; by default the local sink.")
    smtp_port: int = Field(default=0, ge=0, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        default="none", description="How mail is handed in: none (loopback), starttls or tls."
    )
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_from: str = "playhead@localhost"
    alert_recipients: str = Field(
        default="operators@playhead.example", description="Who gets every mail beside its owner; comma-separated."
    )

    alert_rules: Path | None = Field(default=None, description="File of the alerts' rules; by default the shipped one.")
    alert_window_minutes: int = Field(default=15, ge=1, description="An event older than this raises no alert: alerts tell of now.")

    digest_hour: int = Field(default=8, ge=0, le=23, description="Hour of the day, UTC, at which the daily digest is mailed.")
    deadline_scale: float = Field(default=1.0, ge=0, description="Multiplies every deadline; 0 is a drill: each scheduled run misses it.")
    airflow_base_url: str = Field(default="", description="Address of the Airflow UI, for links in mails and to ask after its health.")

    airflow_username: str = Field(default="", description="Who signs in to Airflow's API for backfills; by default the embedded admin.")
    airflow_password: SecretStr = SecretStr("")

    late_horizon_days: int = Field(default=7, ge=1)
    churn_horizon_days: int = Field(default=14, ge=1)
    churn_model_days: int = Field(default=7, ge=1, description="A churn model as old as this is trained again, even where it still fits.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over profile file over defaults."""
        return init_settings, env_settings, _ProfileSource(settings_cls)

    def port(self, part: str) -> int:
        """The loopback port of a part of the embedded stack (`airflow`, `kafka`, …)."""
        return self.port_base + _PORT_OFFSETS[part]

    @property
    def home(self) -> Path:
        """state_dir, absolute."""
        return self.state_dir.expanduser().resolve()

    @property
    def lake(self) -> str:
        """Root of the Delta tables."""
        return self.lake_uri or str(self.home / "lake")

    @property
    def checkpoint(self) -> str:
        """Checkpoint of the streaming query `ingest`; it belongs to the lake and moves with it."""
        return f"{self.lake}/_checkpoints/ingest"

    @property
    def alerts_checkpoint(self) -> str:
        """Checkpoint of the streaming query `alerts`."""
        return f"{self.lake}/_checkpoints/alerts"

    @property
    def live_checkpoint(self) -> str:
        """Checkpoint of the streaming query `live`."""
        return f"{self.lake}/_checkpoints/live"

    @property
    def alert_rules_file(self) -> Path:
        """The file that holds the alerts' rules."""
        return self.alert_rules or Path(str(files("playhead.alerts").joinpath("rules.yaml")))

    @property
    def bootstrap(self) -> str:
        """Kafka bootstrap servers."""
        return self.kafka_bootstrap or f"127.0.0.1:{self.port('kafka')}"

    @property
    def remote(self) -> str:
        """Spark Connect address of the batch engine."""
        return self.spark_remote or f"sc://127.0.0.1:{self.port('spark_connect')}"

    @property
    def airflow_url(self) -> str:
        """Address of the Airflow UI."""
        return self.airflow_base_url or f"http://127.0.0.1:{self.port('airflow')}"

    @property
    def recipients(self) -> list[str]:
        """Who gets every mail, whoever owns what it tells of."""
        return [address.strip() for address in self.alert_recipients.split(",") if address.strip()]

    @property
    def data_docs(self) -> Path:
        """Where Great Expectations renders its Data Docs."""
        return self.home / "data_docs"

    @property
    def ledger_dir(self) -> Path:
        """Where producers keep their ledgers (DESIGN invariant 1)."""
        return self.home / "ledger"

    @property
    def plays_file(self) -> Path:
        """Where the collector remembers plays that report by CMCD."""
        return self.home / "collector" / "plays.sqlite"

    def ports(self) -> dict[str, int]:
        """Every port of the embedded stack by part."""
        return {part: self.port(part) for part in _PORT_OFFSETS}


@cache
def get_settings() -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: a value is missing or wrong; the message names the variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "PLAYHEAD_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{name}: {first['msg']} (got {first.get('input')!r}); correct it in the environment") from error
