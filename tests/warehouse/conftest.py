"""A real warehouse server process, spoken to through the real Snowflake connector, and a lake whose gold tables a test publishes.

All tests share one server; each has a database of its own.
"""

from __future__ import annotations

import sys
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from snowflake.connector import SnowflakeConnection

from playhead.contracts.model import load_contract
from playhead.io.snowflake import fetch_rows, warehouse_connection
from playhead.jobs.registry import MODELLED
from playhead.local.processes import free_port, is_listening, running_process, wait_until
from playhead.settings import Settings
from playhead.warehouse.loader import LoadReport, extend_calendar, insert_staged, load_warehouse, refresh_dims
from playhead.warehouse.schema import ensure_objects
from playhead.warehouse.staging import stage_contract_rows, write_rows

T0 = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
WAREHOUSE_PORT_OFFSET = 84
_ZERO: dict[str, Any] = {"bigint": 0, "boolean": False, "double": 0.0}
_ARROW = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "map<string,bigint>": pa.map_(pa.string(), pa.int64()),
    "array<timestamp>": pa.list_(pa.timestamp("us", "UTC")),
    "array<string>": pa.list_(pa.string()),
}


@contextmanager
def running_warehouse(state_dir: Path) -> Iterator[Settings]:
    """The stack's warehouse process on a free port; it ends with SIGTERM, as the stack ends it."""
    settings = Settings(state_dir=state_dir, port_base=free_port() - WAREHOUSE_PORT_OFFSET)
    settings.home.mkdir(parents=True, exist_ok=True)
    port, log = settings.port("warehouse"), settings.home / "warehouse.log"
    env = {"PLAYHEAD_STATE_DIR": str(settings.home), "PLAYHEAD_PORT_BASE": str(settings.port_base)}
    with running_process([sys.executable, "-m", "playhead.local.warehouse_server"], env, settings.home, log) as process:
        wait_until(lambda: is_listening(port), lambda: process.poll() is None, "warehouse", log, 60)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.status == 200
        yield settings


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of the server that the tests share."""
    with running_warehouse(tmp_path_factory.mktemp("warehouse")) as settings:
        yield settings


@pytest.fixture
def start_warehouse() -> Callable[[Path], AbstractContextManager[Settings]]:
    """Starts a server of one's own over a state directory."""
    return running_warehouse


@pytest.fixture
def warehouse(server: Settings) -> Settings:
    """Settings of an empty database on the shared server."""
    return server.model_copy(update={"warehouse_database": f"TEST_{uuid.uuid4().hex[:12].upper()}"})


@pytest.fixture
def connection(warehouse: Settings) -> Iterator[SnowflakeConnection]:
    """A session on the empty database."""
    with closing(warehouse_connection(warehouse)) as session:
        yield session


@pytest.fixture
def ask(connection: SnowflakeConnection, warehouse: Settings) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """A reader with a session of its own, as a BI tool has: what it sees is what is committed."""
    with closing(warehouse_connection(warehouse)) as session:
        yield lambda sql, *values: fetch_rows(session, sql, values)


def day(text: str) -> date:
    """A day from ISO text."""
    return date.fromisoformat(text)


def gold_row(table: str, **values: Any) -> dict[str, Any]:
    """A row of a gold table: the values given, zeros for the other measures. An event_hour tells its event_date."""
    if "event_hour" in values:
        values["event_date"] = values["event_hour"].date()
    columns = load_contract(table).columns
    return {c.name: values.get(c.name, Decimal(0) if c.type.startswith("decimal") else _ZERO.get(c.type)) for c in columns}


def arrow_table(table: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows in their contract's shape."""
    columns = load_contract(table).columns
    fields = [(c.name, pa.decimal128(*_digits(c.type)) if c.type.startswith("decimal") else _ARROW[c.type]) for c in columns]
    return pa.Table.from_pylist([dict(r) for r in rows], schema=pa.schema(fields))


def _digits(decimal_type: str) -> tuple[int, int]:
    precision, scale = decimal_type.removeprefix("decimal(").removesuffix(")").split(",")
    return int(precision), int(scale)


@dataclass
class Facts:
    """Fills the warehouse's facts by hand, without a lake, and makes the dims from them."""

    connection: SnowflakeConnection
    directory: Path
    row = staticmethod(gold_row)
    day = staticmethod(day)

    def put(self, table: str, *rows: Mapping[str, Any]) -> None:
        """Insert rows of one table through the product's own staging."""
        files = self.directory / table
        write_rows(arrow_table(table, rows), files)
        insert_staged(self.connection, table, stage_contract_rows(self.connection, table, files))
        refresh_dims(self.connection)
        extend_calendar(self.connection, self.directory)


@pytest.fixture(scope="session")
def make_facts() -> Callable[[SnowflakeConnection, Path], Facts]:
    """Fills the facts of a warehouse of one's own."""
    return Facts


@pytest.fixture
def facts(connection: SnowflakeConnection, tmp_path: Path) -> Facts:
    """A warehouse with all its objects and no rows."""
    ensure_objects(connection)
    return Facts(connection, tmp_path / "facts")


@dataclass
class GoldLake:
    """A lake whose partitions are published and builds recorded as the batch jobs do it, each step one second after the other."""

    path: str
    export_root: Path
    row = staticmethod(gold_row)
    day = staticmethod(day)
    versions: dict[str, int] = field(default_factory=dict)
    _partitions: dict[str, dict[str, Sequence[Mapping[str, Any]]]] = field(default_factory=dict)
    _steps: int = 0
    _loads: int = 0

    def publish(self, table: str, partitions: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Replace whole partitions and log it."""
        held = self._partitions.setdefault(table, {})
        held.update(partitions)
        rows = [row for of_key in held.values() for row in of_key]
        path = f"{self.path}/{table.replace('.', '/')}"
        write_deltalake(path, arrow_table(table, rows), mode="overwrite")
        self.versions[table] = DeltaTable(path).version()
        self._steps += 1
        shared = {
            "run_id": f"build-{self._steps}",
            "table_name": table,
            "dag_id": "build_daily",
            "bronze_version": self._steps,
            "table_version": self.versions[table],
            "inputs": {},
            "content_hash": f"hash-{self._steps}",
            "published_at": T0 + timedelta(seconds=self._steps),
        }
        self._log("ops.publish_log", [shared | {"partition_key": key, "rows_count": len(of_key)} for key, of_key in partitions.items()])

    def record(self) -> None:
        """Name the versions that belong together, as a build's last step does."""
        self._steps += 1
        build = {
            "run_id": f"build-{self._steps}",
            "dag_id": "build_daily",
            "run_kind": "pull",
            "bronze_version": self._steps,
            "published": {name: version for name, version in self.versions.items() if name not in MODELLED},
            "finished_at": T0 + timedelta(seconds=self._steps),
        }
        self._log("ops.build_log", [build])

    def load(self, connection: SnowflakeConnection) -> LoadReport:
        """Load the warehouse from this lake."""
        self._loads += 1
        return load_warehouse(
            connection,
            lake=self.path,
            export_root=self.export_root,
            run_id=f"load/{self._loads}",
            loaded_at=T0 + timedelta(minutes=self._loads),
        )

    def _log(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        write_deltalake(f"{self.path}/{table.replace('.', '/')}", arrow_table(table, rows), mode="append")


@pytest.fixture
def gold(lake: str, tmp_path: Path) -> GoldLake:
    """A lake of one's own, empty."""
    return GoldLake(lake, tmp_path / "export")
