"""The exporter: one unreadable source takes no other down, many scrapes read once, and the process is light and serves on loopback."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from playhead.errors import BrokerError
from playhead.local.processes import free_port, is_listening, running_process, wait_until
from playhead.observability import metrics as m
from playhead.observability.exporter import ANSWER_S, SystemCollector, system_registry
from playhead.settings import Settings


def scrape(collector: SystemCollector) -> dict[tuple[str, ...], float]:
    registry = CollectorRegistry()
    registry.register(collector)
    return samples(generate_latest(registry).decode())


def samples(text: str) -> dict[tuple[str, ...], float]:
    return {(s.name, *s.labels.values()): s.value for found in text_string_to_metric_families(text) for s in found.samples}


def test_collect__an_unreadable_source_is_zero_and_the_others_are_told() -> None:
    def broken() -> m.Readings:
        raise BrokerError("no broker answers")

    told = scrape(SystemCollector({"kafka": broken, "stream": lambda: {m.STREAM_ROWS: {(): 7}}}))
    assert told["playhead_source_up", "kafka"] == 0
    assert told["playhead_source_up", "stream"] == 1
    assert told["playhead_stream_rows_total",] == 7


def test_collect__an_unreadable_source_is_logged_once_until_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    fails = [True, True, False, True]

    def source() -> m.Readings:
        if fails.pop(0):
            raise BrokerError("no broker answers")
        return {}

    collector = SystemCollector({"kafka": source}, fresh_s=0)
    for _ in range(4):
        list(collector.collect())
    assert caplog.messages == ["source=kafka cannot be read: no broker answers"] * 2


def test_collect__a_source_that_hangs_holds_no_other_up_and_is_asked_once(caplog: pytest.LogCaptureFixture) -> None:
    released, asked = threading.Event(), []

    def hanging() -> m.Readings:
        asked.append(1)
        assert released.wait(30)
        return {m.LAG: {}}

    collector = SystemCollector({"kafka": hanging, "stream": lambda: {m.STREAM_ROWS: {(): 7}}}, fresh_s=0, answer_s=0.2)
    for _ in range(2):
        told = scrape(collector)
        assert (told["playhead_source_up", "kafka"], told["playhead_source_up", "stream"]) == (0, 1)
        assert told["playhead_stream_rows_total",] == 7
    assert len(asked) == 1
    assert caplog.messages == ["source=kafka cannot be read: no answer in 0 s"]
    released.set()
    deadline = time.monotonic() + 30
    while scrape(collector)["playhead_source_up", "kafka"] == 0:
        assert time.monotonic() < deadline, "it is read again once it answers"


def test_prometheus_waits_longer_than_the_exporter_does() -> None:
    config = yaml.safe_load((Path(__file__).parents[3] / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = (job for job in config["scrape_configs"] if job["job_name"] == "exporter")
    assert float(job["scrape_timeout"].removesuffix("s")) > ANSWER_S


def test_collect__scrapes_within_seconds_read_once() -> None:
    now, reads = [100.0], []
    collector = SystemCollector({"s": lambda: reads.append(1) or {}}, fresh_s=5, clock=lambda: now[0])  # type: ignore[func-returns-value]
    for at in (100.0, 104.9, 105.0):
        now[0] = at
        list(collector.collect())
    assert len(reads) == 2


def test_family__a_histogram_as_prometheus_reads_it() -> None:
    seen = m.Distribution((1, 10))
    seen.add([0.5, 0.5, 10])
    seen.add([11])
    told = scrape(SystemCollector({"bronze": lambda: {m.VISIBLE_AFTER: {(): seen}}}))
    name = m.VISIBLE_AFTER.name
    assert [told[f"{name}_bucket", bound] for bound in ("1.0", "10.0", "+Inf")] == [2, 3, 4]
    assert (told[f"{name}_count",], told[f"{name}_sum",]) == (4, 22)


def test_metrics__have_a_name_of_their_own_by_prometheus_rules() -> None:
    names = [metric.name for metric in m.METRICS]
    assert len(set(names)) == len(names) > 20
    assert all(metric.name.endswith("_total") == (metric.kind == "counter") for metric in m.METRICS)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A stack of which nothing runs; its exporter's port is free."""
    return Settings(state_dir=tmp_path / "state", port_base=free_port() - 85)


def test_system__without_any_part_every_source_but_the_logs_is_down(settings: Settings) -> None:
    told = samples(generate_latest(system_registry(settings)).decode())
    up = {name: value for (metric, *labels), value in told.items() if metric == "playhead_source_up" for name in labels}
    assert up == {
        "stream": 0,
        "bronze": 0,
        "kafka": 0,
        "airflow": 0,
        "producers": 1,
        "builds": 1,
        "steps": 1,
        "live": 1,
        "loads": 1,
        "books": 1,
        "gaps": 1,
        "deadlines": 1,
    }


@pytest.fixture
def served(settings: Settings) -> Iterator[str]:
    """Address of a real exporter process."""
    settings.home.mkdir()
    port, log = settings.port("exporter"), settings.home / "exporter.log"
    env = {"PLAYHEAD_STATE_DIR": str(settings.home), "PLAYHEAD_PORT_BASE": str(settings.port_base)}
    with running_process([sys.executable, "-m", "playhead.observability.exporter"], env, settings.home, log) as process:
        wait_until(lambda: is_listening(port), lambda: process.poll() is None, "exporter", log, 60)
        yield f"http://127.0.0.1:{port}/metrics"
        process.terminate()
        assert process.wait(timeout=20) == 0, "it ends by itself at SIGTERM"


def test_process__serves_metrics_and_ends_when_asked(served: str) -> None:
    with urllib.request.urlopen(served, timeout=30) as answer:
        assert ("playhead_source_up", "stream") in samples(answer.read().decode())


def test_process__holds_no_engine() -> None:
    """It starts with the stack: an import of Spark or the warehouse's connector would cost seconds at every start."""
    heavy = "{'pyspark', 'pandas', 'snowflake.connector', 'airflow', 'great_expectations', 'mlflow'}"
    code = f"import sys, playhead.observability.exporter; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
