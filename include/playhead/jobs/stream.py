"""The streaming app as a process: its session, its lock, its heartbeat, and a clean stop on SIGTERM.

`ingest` is what the app is for: when it fails, the app ends. `alerts`, the table that it feeds, and `live` run beside it once it
has caught up, and are started again.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from playhead.contracts.model import event_topics
from playhead.errors import LockHeldError
from playhead.io.kafka import client_config, partitions_count
from playhead.io.lock import table_lock
from playhead.io.topics import CONTROL
from playhead.jobs.alerts import AlertOptions, run_alerts
from playhead.jobs.alerts_log import run_alerts_log
from playhead.jobs.ingest import QUERY, IngestOptions, run_until, start_ingest
from playhead.jobs.keep import start_keeping
from playhead.jobs.keep_bronze import run_keep_bronze
from playhead.jobs.live import run_live
from playhead.local.jars import ensure_jars
from playhead.observability.query_listener import BatchListener, closed_hour_announcement
from playhead.observability.stream_life import StreamLife, note_refusal
from playhead.spark import Gateway, stream_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

    from playhead.settings import Settings

logger = logging.getLogger(__name__)

_ENDING_S = 20.0
_LOOK_S = 0.2
_IDLE = "Waiting for data to arrive"


def run_stream(settings: Settings, *, gateway: Gateway | None = None, available_now: bool = False) -> None:
    """Land every record of the event topics until SIGTERM or SIGINT (or until all is landed), as bronze's one writer.

    With `gateway` the session is made in the JVM behind it.

    Raises:
        LockHeldError: another streaming app has this lake.
        PastError: checkpoint and table do not belong together.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with table_lock(settings.lake, "bronze.events", holder="the streaming app", wait_s=0), StreamLife(settings.home) as life:
            jars = ensure_jars(settings.cache_dir, "spark")
            slots = 0 if available_now else partitions_count(client_config(settings), event_topics())
            ui_port = None if available_now else settings.port("stream_ui")
            spark = stream_session(jars, gateway=gateway, real_time_tasks=slots, ui_port=ui_port)
            try:
                _run_queries(spark, settings, life, stop, None if available_now else _alert_options(settings, slots))
            finally:
                spark.stop()
    except LockHeldError:
        note_refusal(settings.home)
        raise


def _run_queries(spark: SparkSession, settings: Settings, life: StreamLife, stop: threading.Event, alerts: AlertOptions | None) -> None:
    """Run `ingest`, with `alerts` and `live` beside it or alone until all is landed."""
    client = client_config(settings)
    listener = BatchListener(life, QUERY, hour_announcer(client))
    spark.streams.addListener(listener)
    life.ready()
    options = IngestOptions(settings.lake, settings.checkpoint, timedelta(days=settings.late_horizon_days), available_now=alerts is None)
    beside: list[threading.Thread] = []

    def keep(work: str, run: Callable[[], None]) -> None:
        beside.append(start_keeping(work, run, stop, life.work_failed))

    keep("keep_bronze", lambda: run_keep_bronze(settings.lake, stop))
    try:
        ingest = start_ingest(spark, client, options)
        if alerts is not None and has_caught_up(ingest, stop):
            keep("alerts", lambda: run_alerts(spark, client, alerts, stop))
            keep("alerts_log", lambda: run_alerts_log(settings.lake, client, stop))
            keep("live", lambda: run_live(spark, settings.lake, settings.live_checkpoint, stop))
        run_until(ingest, stop)
    finally:
        stop.set()
        for thread in beside:
            thread.join(_ENDING_S)
        spark.streams.removeListener(listener)


def has_caught_up(ingest: StreamingQuery, stop: threading.Event) -> bool:
    """Wait until `ingest` has landed a first batch, or has nothing to land: no other query may hold it up when the app starts.

    Returns False where it ended first.
    """
    while ingest.isActive and not stop.wait(_LOOK_S):
        progress = ingest.lastProgress
        has_landed = progress is not None and progress["numInputRows"] > 0  # one that had landed before the start reads no row
        if has_landed or ingest.status["message"] == _IDLE:
            return True
    return False


def _alert_options(settings: Settings, slots: int) -> AlertOptions:
    window = timedelta(minutes=settings.alert_window_minutes)
    return AlertOptions(settings.alerts_checkpoint, settings.alert_rules_file, window, slots)


def hour_announcer(client: dict[str, str], *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Callable[[], None]:
    """A function that, called after each batch, tells the control topic once per hour that the hour before has closed.

    A hint that wakes builds: lost or repeated, nothing goes wrong, since a build pulls every version it has not seen.
    """
    from confluent_kafka import Producer

    producer = Producer({**client, "logger": logger})
    announced: list[datetime] = []

    def announce() -> None:
        hour = now().replace(minute=0, second=0, microsecond=0)
        if hour not in announced[-1:]:
            announced[:] = [hour]
            producer.produce(CONTROL, closed_hour_announcement(hour - timedelta(hours=1)))
        producer.poll(0)

    return announce
