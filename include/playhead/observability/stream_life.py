"""What the streaming app tells of itself: that it lives, what its batches did, what failed beside them, and why it ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, get_args

from playhead.errors import BrokerError, PastError
from playhead.observability.heartbeat import Heartbeat, alive, heartbeat_path, read_heartbeat, refusals_path, write_heartbeat

logger = logging.getLogger(__name__)

Reason = Literal["crashed", "different_past", "records_expired", "disk_full", "disk_failed", "no_broker", "other"]
REASONS: tuple[str, ...] = get_args(Reason)
# What Spark and Java say of it: an error of theirs reaches Python as text alone.
_SAID: Mapping[str, Reason] = {
    "failOnDataLoss": "records_expired",
    "No space left on device": "disk_full",
    "Input/output error": "disk_failed",
}
_BEAT_S = 10.0


class StreamLife:
    """The life of one streaming app, from its start on; it is the one writer of the heartbeat.

    Leaving the context tells of the end: asked for, or for the reason of the error that it is left with. Where the app before this one
    has told of no end, it was killed or its machine was, which counts as crashed.
    """

    def __init__(self, home: Path, *, beat_s: float = _BEAT_S) -> None:
        self._path = heartbeat_path(home)
        self._beat_s = beat_s
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._last = _begun(home)
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> StreamLife:
        """Begin to beat."""
        self._write()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Tell of the end."""
        self._ended.set()
        self._thread.join()
        last = self._last
        reason = "" if error is None else reason_of(error)
        stops = _counted(last.stops, reason) if reason else last.stops
        with suppress(OSError):  # where nothing can be written, the heartbeat grows old
            self._write(replace(last, ended_at=_now(), ended_because=reason, stops=stops))

    def ready(self) -> None:
        """Tell that the engine is there, so that landing can begin."""
        with self._lock:
            self._last = replace(self._last, is_ready=True)
        self._write()

    def batch_done(self, number: int, rows: int, milliseconds: int) -> None:
        """Keep what a batch did."""
        rate = round(rows * 1000 / milliseconds, 1) if milliseconds else 0.0
        with self._lock:
            last = self._last
            done = replace(last, batch_id=number, batch_rows=rows, batch_ms=milliseconds, rows_per_s=rate, batch_finished_at=_now())
            totals = (last.rows_total + rows, last.batches_total + 1, last.batches_ms_total + milliseconds)
            self._last = replace(done, rows_total=totals[0], batches_total=totals[1], batches_ms_total=totals[2])
        self._write()

    def work_failed(self, work: str) -> None:
        """Count a failure of work beside landing."""
        with self._lock:
            self._last = replace(self._last, failures=_counted(self._last.failures, work))
        self._write()

    def _beat(self) -> None:
        while not self._ended.wait(self._beat_s):
            self._write()

    def _write(self, beat: Heartbeat | None = None) -> None:
        with self._lock:
            if beat is None and self._last.is_ready:
                self._last = alive(self._last, datetime.now(UTC))
            write_heartbeat(self._path, replace(beat or self._last, updated_at=_now()))


def reason_of(error: BaseException) -> Reason:
    """What an alarm calls the end of an app that an error ended."""
    if isinstance(error, PastError):
        return "different_past"
    if isinstance(error, BrokerError):
        return "no_broker"
    said = str(error)
    return next((reason for words, reason in _SAID.items() if words in said), "other")


def note_refusal(home: Path) -> None:
    """Leave a line: an app was started here while another one runs, and has ended. The heartbeat is the other one's."""
    path = refusals_path(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{_now()}\n")


def _begun(home: Path) -> Heartbeat:
    """The first heartbeat of an app, which knows how those before it have ended."""
    try:
        before = read_heartbeat(home)
    except (OSError, ValueError, TypeError):  # torn, or of an app that told other things
        logger.warning("the heartbeat of the app before this one cannot be read")
        before = None
    has_crashed = before is not None and before.ended_at is None
    stops = {} if before is None else before.stops
    stops = _counted(stops, "crashed") if has_crashed else stops
    first = Heartbeat(_now(), _now(), -1, 0, 0, 0.0, None, stops=stops, is_ready=False)
    if before is None:
        return first
    return replace(first, alive_at=before.alive_at, silent_from=before.silent_from, silent_until=before.silent_until)


def _counted(counts: Mapping[str, int], name: str) -> dict[str, int]:
    return {**counts, name: counts.get(name, 0) + 1}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
