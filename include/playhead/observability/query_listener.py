"""Listens to the streaming queries: keeps the heartbeat, and announces event hours that closed."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql.streaming.listener import StreamingQueryListener

from playhead.observability.heartbeat import Heartbeat, write_heartbeat

if TYPE_CHECKING:
    from pyspark.sql.streaming.listener import QueryIdleEvent, QueryProgressEvent, QueryStartedEvent, QueryTerminatedEvent

logger = logging.getLogger(__name__)
_BEAT_S = 10.0


class HeartbeatListener(StreamingQueryListener):
    """Writes the heartbeat after every batch of one query, and every ten seconds in between as long as `is_alive` says so."""

    def __init__(self, path: Path, query: str, is_alive: Callable[[], bool], announce: Callable[[], None]) -> None:
        self._path = path
        self._query = query
        self._is_alive = is_alive
        self._announce = announce
        self._started_at = _now()
        self._last = Heartbeat(_now(), self._started_at, -1, 0, 0, 0.0, None)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._write()
        self._thread.start()

    def stop(self) -> None:
        """End the beat; the last heartbeat stays and grows old."""
        self._stop.set()

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802  the name is Spark's
        """Log the start."""
        logger.info("query=%s started", event.name)

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802  the name is Spark's
        """Keep what the batch did, where it is of the query whose heart this is."""
        progress = event.progress
        rows, milliseconds = progress.numInputRows, progress.durationMs.get("triggerExecution", 0)
        logger.info("query=%s batch=%d rows=%d ms=%d", progress.name, progress.batchId, rows, milliseconds)
        if progress.name != self._query:
            return
        rate = rows * 1000 / milliseconds if milliseconds else 0.0
        last = self._last
        totals = (last.rows_total + rows, last.batches_total + 1, last.batches_ms_total + milliseconds)
        self._last = Heartbeat(_now(), self._started_at, progress.batchId, rows, milliseconds, round(rate, 1), _now(), *totals)
        self._write()
        if rows:
            self._announce()

    def onQueryIdle(self, event: QueryIdleEvent) -> None:  # noqa: N802  the name is Spark's
        """Nothing to keep: the thread beats."""

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802  the name is Spark's
        """Log the end and why."""
        logger.info("query=%s terminated error=%s", event.id, event.exception)

    def _beat(self) -> None:
        while not self._stop.wait(_BEAT_S) and self._is_alive():
            self._write()

    def _write(self) -> None:
        write_heartbeat(self._path, replace(self._last, updated_at=_now()))


def closed_hour_announcement(now: datetime) -> bytes:
    """What the control topic says when an event hour has closed: its start."""
    closed = now.replace(minute=0, second=0, microsecond=0)
    return json.dumps({"closed_hour": closed.strftime("%Y-%m-%dT%H")}).encode()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
