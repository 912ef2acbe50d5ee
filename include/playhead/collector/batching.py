"""Many requests, one acknowledged batch: a ledger fsync and a broker round trip serve all that arrived within a few milliseconds.

What waits is bounded. A request that does not fit is refused at once (TooBusyError -> 429), so that memory, and the time an accepted
request waits, stay bounded too. A batch fails as a whole; its requests are told to send again, and event ids make the repetition harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from playhead.collector.metrics import Metrics
from playhead.errors import BrokerError, PlayheadError
from playhead.events.producer import Record

logger = logging.getLogger(__name__)


class Sender(Protocol):
    """The way to the broker: returns once all records are acknowledged, or raises BrokerError."""

    def send(self, records: Sequence[Record]) -> None:
        """Sends and waits; called from one thread at a time."""

    def is_up(self) -> bool:
        """Whether the broker answers."""

    def close(self) -> None:
        """Nothing more will be sent."""


class TooBusyError(PlayheadError):
    """More waits for the broker than the collector holds; come back later."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait, and for how long a batch is collected."""

    events: int = 20_000
    size: int = 64 * 1024 * 1024
    batch_events: int = 5_000
    linger_s: float = 0.01


@dataclass(frozen=True, slots=True)
class _Waiting:
    records: Sequence[Record]
    size: int
    done: asyncio.Future[None]


class Batcher:
    """Collects records of concurrent requests and sends them batch by batch, in order of arrival."""

    def __init__(self, sender: Sender, metrics: Metrics, bounds: Bounds) -> None:
        """Idle until start()."""
        self._sender = sender
        self._metrics = metrics
        self._bounds = bounds
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="broker")
        self._events = 0
        self._size = 0
        self._is_closing = False
        self._worker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to send; needs a running event loop."""
        self._worker = asyncio.create_task(self._run())

    async def submit(self, records: Sequence[Record]) -> None:
        """Returns once the broker has acknowledged all records.

        Raises:
            TooBusyError: too much waits already; nothing of this was taken.
            BrokerError: not acknowledged, or only in part; to be sent again.
        """
        if not records:
            return
        if self._is_closing:
            raise BrokerError("the collector is shutting down; send again in a few seconds")
        size = sum(len(record.value) for record in records)
        if self._events + len(records) > self._bounds.events or self._size + size > self._bounds.size:
            raise TooBusyError(f"{self._events} events ({self._size} bytes) wait for the broker already; send again later")
        waiting = _Waiting(records, size, asyncio.get_running_loop().create_future())
        self._take(len(records), size)
        self._queue.put_nowait(waiting)
        await waiting.done

    async def close(self) -> None:
        """Sends what was taken, then stops; what comes now is refused."""
        self._is_closing = True
        await self._queue.join()
        if self._worker is not None:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker
        self._thread.shutdown()

    async def _run(self) -> None:
        while True:
            batch = [await self._queue.get()]
            await asyncio.sleep(self._bounds.linger_s)
            events = len(batch[0].records)
            while not self._queue.empty() and events < self._bounds.batch_events:
                batch.append(self._queue.get_nowait())
                events += len(batch[-1].records)
            await self._send(batch)

    async def _send(self, batch: Sequence[_Waiting]) -> None:
        records = [record for waiting in batch for record in waiting.records]
        began = time.perf_counter()
        sending = asyncio.get_running_loop().run_in_executor(self._thread, self._sender.send, records)
        await asyncio.wait([sending])
        error = sending.exception()
        if error is not None:
            # Whatever it was, the requests must hear of it and the next batch must be tried.
            logger.error("batch of %d events was not acknowledged: %s", len(records), error, exc_info=_unexpected(error))
        self._metrics.sends.observe(time.perf_counter() - began)
        self._metrics.batch.observe(len(records))
        for waiting in batch:
            self._take(-len(waiting.records), -waiting.size)
            self._queue.task_done()
            if waiting.done.done():
                continue
            if error is None:
                waiting.done.set_result(None)
            else:
                waiting.done.set_exception(BrokerError(str(error)))

    def _take(self, events: int, size: int) -> None:
        self._events += events
        self._size += size
        self._metrics.in_flight.set(self._events)


def _unexpected(error: BaseException) -> BaseException | None:
    """The error with its traceback, where its message alone does not say what to do."""
    return None if isinstance(error, PlayheadError) else error
