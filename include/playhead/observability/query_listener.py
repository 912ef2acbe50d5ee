"""Listens to the streaming queries: tells the app's life of each batch, and announces event hours that closed."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from pyspark.sql.streaming.listener import StreamingQueryListener

if TYPE_CHECKING:
    from pyspark.sql.streaming.listener import QueryIdleEvent, QueryProgressEvent, QueryStartedEvent, QueryTerminatedEvent

    from playhead.observability.stream_life import StreamLife

logger = logging.getLogger(__name__)


class BatchListener(StreamingQueryListener):
    """Tells `life` of the batches of one query, and announces after each that landed something."""

    def __init__(self, life: StreamLife, query: str, announce: Callable[[], None]) -> None:
        self._life = life
        self._query = query
        self._announce = announce

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802  the name is Spark's
        """Log the start."""
        logger.info("query=%s started", event.name)

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802  the name is Spark's
        """Tell of the batch, where it is of the query that the app lives for."""
        progress = event.progress
        rows, milliseconds = progress.numInputRows, progress.durationMs.get("triggerExecution", 0)
        logger.info("query=%s batch=%d rows=%d ms=%d", progress.name, progress.batchId, rows, milliseconds)
        if progress.name != self._query:
            return
        self._life.batch_done(progress.batchId, rows, milliseconds)
        if rows:
            self._announce()

    def onQueryIdle(self, event: QueryIdleEvent) -> None:  # noqa: N802  the name is Spark's
        """Nothing to keep: the app's life goes on."""

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802  the name is Spark's
        """Log the end and why."""
        logger.info("query=%s terminated error=%s", event.id, event.exception)


def closed_hour_announcement(now: datetime) -> bytes:
    """What the control topic says when an event hour has closed: its start."""
    closed = now.replace(minute=0, second=0, microsecond=0)
    return json.dumps({"closed_hour": closed.strftime("%Y-%m-%dT%H")}).encode()
