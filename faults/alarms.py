"""What is told of a fault: Prometheus with the configuration and the rules of deploy/, which scrapes an exporter as the stack has it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from benchmarks.processes import ROOT, environment, killed_process
from playhead.errors import StackError
from playhead.local.processes import LOOPBACK, free_port, is_listening, wait_until
from playhead.local.system_packages import find_unpacked
from playhead.settings import Settings, get_settings

_DEPLOY = ROOT / "deploy" / "prometheus"
_STARTS_WITHIN_S = 60
_LOOK_S = 0.5
_READ = 'playhead_source_up{source="kafka"} == 1'


@dataclass(frozen=True, slots=True)
class Watched:
    """Whom the exporter looks at."""

    directory: Path
    bootstrap: str
    airflow_url: str = ""


class Moment:
    """When the harm was done: the first time that it is noted."""

    def __init__(self) -> None:
        self.at: float | None = None

    def note(self) -> None:
        """It has just been done."""
        if self.at is None:
            self.at = time.monotonic()


class Alarms:
    """The alerts that have fired since the watch began, and when each was seen to begin, each time it did."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._began: dict[str, list[float]] = {}
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    @property
    def first_seen(self) -> dict[str, float]:
        """The moments (`time.monotonic`) by the alerts' names."""
        with self._changed:
            return {alert: moments[0] for alert, moments in self._began.items()}

    def wait_for(self, alerts: Collection[str], since: float, until: float) -> tuple[str, float] | None:
        """Which of these alerts was seen to begin first since a moment, and when; None where none was until another one.

        What fired before tells nothing new, also where it still does.
        """

        def found() -> list[tuple[float, str]]:
            return [(moment, alert) for alert in alerts for moment in self._began.get(alert, []) if moment >= since]

        with self._changed:
            self._changed.wait_for(found, max(0.0, until - time.monotonic()))
            return (min(found())[1], min(found())[0]) if found() else None

    def wait_read(self) -> None:
        """Wait until the exporter has been scraped, and has read Kafka."""
        log = Path("prometheus.log")
        wait_until(lambda: bool(self._ask("query", query=_READ)["result"]), lambda: True, "a first scrape", log, _STARTS_WITHIN_S)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    def _look_on(self) -> None:
        before: set[str] = set()
        while not self._stop.wait(_LOOK_S):
            firing = {alert["labels"]["alertname"] for alert in self._ask("alerts")["alerts"] if alert["state"] == "firing"}
            with self._changed:
                for alert in firing - before:
                    self._began.setdefault(alert, []).append(time.monotonic())
                self._changed.notify_all()
            before = firing

    def _ask(self, path: str, **parameters: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.get(f"/api/v1/{path}", params=parameters).raise_for_status().json()["data"]
        return answer


@contextmanager
def watch(watched: Watched, directory: Path) -> Iterator[Alarms]:
    """An exporter, and who listens to it; both end on exit. `directory` is theirs.

    Raises:
        StackError: there is no Prometheus here.
    """
    directory.mkdir()
    with _exporter(watched, directory) as exporter, listen(exporter, directory) as alarms:
        yield alarms


@contextmanager
def listen(exporter: str, directory: Path) -> Iterator[Alarms]:
    """A Prometheus that scrapes an exporter and ends on exit; `directory` is its own.

    Raises:
        StackError: there is no Prometheus here.
    """
    command = require_prometheus()
    directory.mkdir(exist_ok=True)
    with prometheus_url(command, exporter, directory) as url, _client(url) as client:
        alarms = Alarms(client)
        alarms.start()
        try:
            yield alarms
        finally:
            alarms.end()


def require_prometheus() -> str:
    """The command of the Prometheus that is here.

    Raises:
        StackError: there is none.
    """
    command = find_unpacked("prometheus", get_settings().cache_dir)
    if command is None:
        raise StackError("prometheus is not here, so nobody would hear of a fault; run `make system`, or apt-get install prometheus")
    return command


@contextmanager
def _exporter(watched: Watched, directory: Path) -> Iterator[str]:
    settings = Settings(state_dir=watched.directory)
    base = free_port() - (settings.port("exporter") - settings.port_base)
    own = {"PLAYHEAD_PORT_BASE": str(base), "PLAYHEAD_AIRFLOW_BASE_URL": watched.airflow_url}
    env = environment(watched.bootstrap, watched.directory) | own
    with killed_process([sys.executable, "-m", "playhead.observability.exporter"], directory, env, directory / "exporter.log"):
        yield f"{LOOPBACK}:{settings.port('exporter') - settings.port_base + base}"


@contextmanager
def prometheus_url(command: str, exporter: str, directory: Path, *, every_s: int | None = None) -> Iterator[str]:
    """A Prometheus that scrapes nothing but an exporter; all else is as deployed, but for how often, where that is given."""
    config = yaml.safe_load((_DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = (job for job in config["scrape_configs"] if job["job_name"] == "exporter")
    job["static_configs"] = [{"targets": [exporter]}]
    config |= {"scrape_configs": [job], "rule_files": [str(_DEPLOY / "rules" / "*.yml")]}
    if every_s is not None:
        job["scrape_timeout"] = f"{every_s}s"
        config["global"] = dict.fromkeys(("scrape_interval", "evaluation_interval"), f"{every_s}s")
    file, log, port = directory / "prometheus.yml", directory / "prometheus.log", free_port()
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    served = [f"--config.file={file}", f"--web.listen-address={LOOPBACK}:{port}", f"--storage.tsdb.path={directory / 'series'}"]
    with killed_process([command, *served, "--log.level=warn"], directory, {}, log) as process:
        url = f"http://{LOOPBACK}:{port}"
        wait_until(lambda: is_listening(port) and _is_ready(url), lambda: process.poll() is None, "prometheus", log, _STARTS_WITHIN_S)
        yield url


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=10, trust_env=False)


def _is_ready(url: str) -> bool:
    return httpx.get(f"{url}/-/ready", trust_env=False).is_success
