"""Every panel's query parses, asks for metrics there are, and brings data from a real Prometheus that scrapes a real exporter.

The system behind it is small and real as far as the exporter looks: a heartbeat, a lake, ops logs, a load, and a broker's socket
(librdkafka's mock cluster in this process).
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
import yaml
from confluent_kafka import Producer

from faults.alarms import prometheus_url
from playhead.bronze.events import RECORD_SCHEMA, Landing, build_events
from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import event_types, load_contract
from playhead.io.delta_append import write_data_file
from playhead.io.delta_merge import MergedTable
from playhead.io.delta_table import append_rows
from playhead.io.load_record import record_load
from playhead.jobs.ingest import bronze_layout, open_bronze
from playhead.local.processes import free_port, is_listening, running_process, wait_until
from playhead.observability.heartbeat import Heartbeat, heartbeat_path, write_heartbeat
from playhead.settings import Settings

ROOT = Path(__file__).parents[2]
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((PROVISIONING / "dashboards").glob("*.json"))
}
QUERIES = {
    f"{name}: {panel['title']}: {target['refId']}": target["expr"]
    for name, board in DASHBOARDS.items()
    for panel in board["panels"]
    for target in panel["targets"]
}


def test_queries_ask_for_metrics_there_are(unknown_metrics: Callable[[Iterable[str]], set[str]]) -> None:
    assert unknown_metrics(QUERIES.values()) == set()


def test_queries_parse(promtool: Path, tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(QUERIES.values())]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", tmp_path / "panels.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(DASHBOARDS))
def test_panels_lie_side_by_side_and_ask_the_provisioned_source(name: str) -> None:
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yaml").read_text(encoding="utf-8"))["datasources"]
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARDS[name]["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        assert {part["datasource"]["uid"] for part in (panel, *panel["targets"])} == {source["uid"]}
        assert panel["description"]


def test_dashboards_are_provisioned_once() -> None:
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "playhead.yaml").read_text(encoding="utf-8"))["providers"]
    mounts = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))["services"]["grafana"]["volumes"]
    assert f"./deploy/grafana/provisioning:{provider['options']['path'].removesuffix('/dashboards')}:ro" in mounts
    assert len({board["uid"] for board in DASHBOARDS.values()}) == len(DASHBOARDS) == 2


@dataclass
class SmallSystem:
    """A state directory as the parts of a stack leave it."""

    settings: Settings
    batches: int = 0

    def go_on(self) -> None:
        """A batch lands: one commit, one heartbeat, its offsets. Its plays are counted; a build and a load follow."""
        self._land()
        self._count()
        now = datetime.now(UTC).isoformat()
        beat = Heartbeat(now, now, self.batches, 3, 400, 7.5, now, 3 * self.batches, self.batches, 400 * self.batches)
        write_heartbeat(heartbeat_path(self.settings.home), beat)
        self._build()
        record_load(self.settings.lake, "loaded", at=datetime.now(UTC).timestamp(), seconds=4.0, rows={"gold.user_daily": 7})

    def _land(self) -> None:
        now, bronze = datetime.now(UTC), open_bronze(self.settings.lake)
        records = [
            {"value": b"no json", "topic": "video_events", "partition": 0, "offset": n, "kafka_timestamp": now - timedelta(seconds=n)}
            for n in range(3)
        ]
        rows = build_events(pa.Table.from_pylist(records, RECORD_SCHEMA), Landing(now, timedelta(days=7)))
        file = write_data_file(iter([rows]), bronze_layout(self.settings.lake), now.date())
        assert file is not None
        bronze.commit([file], now.date(), "test", self.batches)
        for folder, text in (("offsets", 'v1\n{}\n{"video_events":{"0":1}}'), ("commits", "v1\n{}")):
            path = Path(self.settings.checkpoint) / folder / str(self.batches)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.batches += 1

    def _count(self) -> None:
        contract = load_contract("gold.qoe_live")
        minute = datetime.now(UTC).replace(second=0, microsecond=0)
        rows = [
            dict.fromkeys(contract.column_names, 1)
            | {"event_date": at.date(), "event_hour": at.replace(minute=0), "event_minute": at}
            | {"country": "DE", "platform": "web", "is_final": False}
            for at in (minute - timedelta(minutes=1), minute)
        ]
        MergedTable(self.settings.lake, contract).merge(pa.Table.from_pylist(rows, arrow_schema(contract)), "test", self.batches)

    def _build(self) -> None:
        now = datetime.now(UTC)
        row: dict[str, Any] = {"dag_id": "build_hourly", "run_kind": "pull", "bronze_version": 1, "published": {}, "failed_partitions": []}
        row |= {"run_id": f"r{self.batches}", "touched_hours": [now], "pending_hours": [], "planned_at": now, "finished_at": now}
        append_rows(self.settings.lake, "ops.build_log", [row])


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """Address of a broker that holds a few records of each topic."""
    cluster = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1})
    for topic in {event.topic for event in event_types().values()}:
        for _ in range(5):
            cluster.produce(topic, b"{}", partition=0)
    assert cluster.flush(20) == 0
    (described,) = cluster.list_topics(timeout=10).brokers.values()
    yield f"{described.host}:{described.port}"
    cluster.flush(0)


@pytest.fixture(scope="module")
def ask(prometheus: Path, broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Asks a real Prometheus, with the rules of deploy/, that has scraped the exporter before and after something happened."""
    home = tmp_path_factory.mktemp("observed")
    settings = Settings(state_dir=home / "state", port_base=free_port() - 85)
    settings.home.mkdir()
    system = SmallSystem(settings)
    system.go_on()
    env = {"PLAYHEAD_STATE_DIR": str(settings.home), "PLAYHEAD_PORT_BASE": str(settings.port_base), "PLAYHEAD_KAFKA_BOOTSTRAP": broker}
    with ExitStack() as stack:
        exporter = stack.enter_context(
            running_process([sys.executable, "-m", "playhead.observability.exporter"], env, home, home / "exporter.log")
        )
        wait_until(lambda: is_listening(settings.port("exporter")), lambda: exporter.poll() is None, "exporter", home / "exporter.log", 60)
        url = stack.enter_context(prometheus_url(str(prometheus), f"127.0.0.1:{settings.port('exporter')}", home, every_s=1))
        client = stack.enter_context(httpx.Client(base_url=url, timeout=10, trust_env=False))

        def ask(path: str, **parameters: str) -> Any:
            answer = client.get(f"/api/v1/{path}", params=parameters)
            assert answer.is_success, answer.text
            return answer.json()["data"]

        await_samples(ask, 'playhead_source_up{source="bronze"} == 1')
        system.go_on()
        yield ask


def await_samples(ask: Callable[..., Any], query: str) -> list[dict[str, Any]]:
    """The answer to a query, as soon as there is one: scrapes and rules come every second."""
    answers: list[list[dict[str, Any]]] = []

    def is_answered() -> bool:
        answers.append(ask("query", query=query)["result"])
        return bool(answers[-1])

    wait_until(is_answered, lambda: True, query, Path("prometheus.log"), 30)
    return answers[-1]


def test_every_source_of_the_small_system_is_read(ask: Callable[..., Any]) -> None:
    found = {sample["metric"]["source"]: sample["value"][1] for sample in ask("query", query="playhead_source_up")["result"]}
    read = ("stream", "bronze", "kafka", "producers", "builds", "steps", "live", "loads", "books", "gaps", "deadlines")
    assert found == {**dict.fromkeys(read, "1"), "airflow": "0"}


@pytest.mark.parametrize("panel", sorted(QUERIES))
def test_panel_shows_data(ask: Callable[..., Any], panel: str) -> None:
    samples = await_samples(ask, QUERIES[panel])
    assert not any(math.isnan(float(sample["value"][1])) for sample in samples)


def test_a_panel_without_data_would_be_seen(ask: Callable[..., Any]) -> None:
    """Negative control: the Prometheus in question does not answer to everything."""
    assert ask("query", query="playhead_gone_total")["result"] == []


def test_rules_evaluate(ask: Callable[..., Any]) -> None:
    rules = [rule for group in ask("rules")["groups"] for rule in group["rules"]]
    assert rules
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}
