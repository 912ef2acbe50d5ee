"""`python -m playhead.observability.exporter`: the whole system's metrics for Prometheus, on loopback, read when it scrapes.

It holds no engine and asks for nothing that grows: a heartbeat file, the new versions of bronze, the brokers' offsets, the ends of recent
ledgers, steps of builds that are not recorded yet, the ops logs when they have changed, the last hour of live numbers, the records of the
last load and the last reconciliation, Airflow's own account of its health, and what the watcher of deadlines last saw. Sources are read
side by side; one that cannot be read is `playhead_source_up` 0.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client import Metric as Family
from prometheus_client.registry import Collector

from playhead.contracts.model import event_topics
from playhead.errors import PlayheadError
from playhead.io.kafka import client_config
from playhead.observability import metrics as m
from playhead.observability.sources.airflow import read_airflow
from playhead.observability.sources.books import read_books
from playhead.observability.sources.bronze import BronzeChanges
from playhead.observability.sources.builds import Builds
from playhead.observability.sources.deadlines import read_deadlines
from playhead.observability.sources.gaps import Gaps
from playhead.observability.sources.kafka import read_lag
from playhead.observability.sources.live import read_live
from playhead.observability.sources.loads import read_loads
from playhead.observability.sources.producers import read_producers
from playhead.observability.sources.steps import read_build_steps
from playhead.observability.sources.stream import read_stream
from playhead.settings import Settings, get_settings

logger = logging.getLogger(__name__)

Source = Callable[[], m.Readings]
_FRESH_S = 5.0
# Less than Prometheus waits for an answer (deploy/prometheus/prometheus.yml): a broker that hangs must not silence the others.
ANSWER_S = 7.0


@dataclass(frozen=True, slots=True)
class _Look:
    """What reading one source brought; no readings where it failed."""

    source: str
    readings: m.Readings | None
    seconds: float


class SystemCollector(Collector):
    """Reads every source when it is scraped, at most once in a few seconds however many scrape.

    A source that does not answer in `answer_s` counts as unreadable, and is not asked again before it has answered.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        *,
        fresh_s: float = _FRESH_S,
        answer_s: float = ANSWER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = dict(sources)
        self._fresh_s = fresh_s
        self._answer_s = answer_s
        self._clock = clock
        self._asked: dict[str, Future[_Look]] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(len(self._sources), thread_name_prefix="source")
        self._read_at: float | None = None
        self._families: list[Family] = []
        self._down: set[str] = set()

    def collect(self) -> Iterable[Family]:
        """The metrics, not older than `fresh_s`."""
        with self._lock:
            if self._read_at is None or self._clock() - self._read_at >= self._fresh_s:
                self._families = self._read()
                self._read_at = self._clock()
            return self._families

    def _read(self) -> list[Family]:
        looks = self._looks()
        about: m.Readings = {
            m.SOURCE_UP: {(look.source,): float(look.readings is not None) for look in looks},
            m.SOURCE_SECONDS: {(look.source,): look.seconds for look in looks},
        }
        return [
            m.family(metric, values)
            for readings in (about, *(look.readings or {} for look in looks))
            for metric, values in readings.items()
        ]

    def _looks(self) -> list[_Look]:
        for source in self._sources:
            if source not in self._asked or self._asked[source].done():
                self._asked[source] = self._pool.submit(self._look, source)
        answered, _ = wait(self._asked.values(), self._answer_s)
        silent = {source for source, look in self._asked.items() if look not in answered}
        for source in silent:
            self._warn(source, f"no answer in {self._answer_s:.0f} s")
        return [_Look(source, None, self._answer_s) if source in silent else look.result() for source, look in self._asked.items()]

    def _warn(self, source: str, reason: object) -> None:
        """Log that a source cannot be read, once until it can be again."""
        if source not in self._down:
            logger.warning("source=%s cannot be read: %s", source, reason)
        self._down.add(source)

    def _look(self, source: str) -> _Look:
        started = self._clock()
        try:
            readings = self._sources[source]()
        except Exception as error:  # whatever is wrong with a source, the others are still told
            self._warn(source, error)
            return _Look(source, None, self._clock() - started)
        self._down.discard(source)
        return _Look(source, readings, self._clock() - started)


def system_sources(settings: Settings) -> dict[str, Source]:
    """What there is to read, by the name that `playhead_source_up` gives it."""
    topics = event_topics()
    client = client_config(settings)
    return {
        "stream": lambda: read_stream(settings.home),
        "bronze": BronzeChanges(settings.lake).read,
        "kafka": lambda: read_lag(client, settings.checkpoint, topics),
        "producers": lambda: read_producers(settings.ledger_dir),
        "builds": Builds(settings.lake).read,
        "steps": lambda: read_build_steps(settings.lake),
        "airflow": lambda: read_airflow(settings.airflow_url),
        "live": lambda: read_live(settings.lake),
        "loads": lambda: read_loads(settings.lake),
        "books": lambda: read_books(settings.lake),
        "gaps": Gaps(settings.lake).read,
        "deadlines": lambda: read_deadlines(settings.home),
    }


def system_registry(settings: Settings) -> CollectorRegistry:
    """The registry that /metrics shows."""
    registry = CollectorRegistry()
    registry.register(SystemCollector(system_sources(settings)))
    return registry


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = get_settings()
    except PlayheadError as error:
        logger.critical("%s", error)
        return 1
    server, thread = start_http_server(settings.port("exporter"), addr=settings.bind_host, registry=system_registry(settings))
    logger.info("metrics on http://%s:%d/metrics", settings.bind_host, settings.port("exporter"))
    stop.wait()
    server.shutdown()
    thread.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
