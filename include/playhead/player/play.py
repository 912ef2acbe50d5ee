"""Real plays: Chromium opens the page, hls.js plays the stream and reports to the collector, the page tells what it measured itself."""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx

from playhead import __version__
from playhead.errors import StackError
from playhead.player.parts import CONTENT_ID, SEGMENT_SECONDS, STREAM_SECONDS, add_title, ensure_hls, ensure_stream, require_chromium
from playhead.player.server import create_app, serving

logger = logging.getLogger(__name__)

_AT_ONCE = 2
# The stalling play buffers this far ahead; the server keeps the middle segment back for longer, by about the length of the stall wanted.
_BUFFER_S = 4
_STALL_SEGMENT = STREAM_SECONDS // SEGMENT_SECONDS // 2
_STALL_DELAY_S = 7.5
_PATIENCE_S = STREAM_SECONDS + 60
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--mute-audio",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--autoplay-policy=no-user-gesture-required",
)


@dataclass(frozen=True, slots=True)
class MeasuredPlay:
    """What the page measured of one play: the expectation that the gold tables are held against."""

    playback_id: str
    session_id: str
    has_ended: bool
    startup_ms: float
    stalls_ms: tuple[float, ...]
    reports: dict[str, int]

    @property
    def stalled_ms(self) -> float:
        """Time stalled in all."""
        return sum(self.stalls_ms)


@dataclass(frozen=True, slots=True)
class _Wanted:
    playback_id: str
    session_id: str
    device_id: str
    content_id: str
    url: str
    buffer_s: int


def play(count: int, *, home: Path, cache_dir: Path, collector: str, port: int) -> list[MeasuredPlay]:
    """Plays the stream `count` times, two at a time, every second time with a real stall in the middle.

    Args:
        count: number of plays.
        home: the stack's state: the stream is made there, and its title goes into the catalogue there.
        cache_dir: where hls.js is installed.
        collector: address of the collector, http://host:port.
        port: loopback port for the page and the stream.

    Raises:
        StackError: Chromium, ffmpeg or npm is missing, the collector does not answer, or a play did not end.
    """
    chromium = require_chromium()
    media, script = ensure_stream(home), ensure_hls(cache_dir)
    add_title(home)
    _require_collector(collector)
    results: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    with serving(create_app(media, script, results), port) as address:
        wanted = [_wanted(address, stalls=index % 2 == 1) for index in range(count)]
        with _browser(chromium, _page_url(address, collector, wanted)) as browser:
            measured = _collect(results, wanted, browser)
    return [measured[each.playback_id] for each in wanted]


def _wanted(address: str, *, stalls: bool) -> _Wanted:
    plan = f"stall-{_STALL_SEGMENT}-{_STALL_DELAY_S}" if stalls else "smooth"
    return _Wanted(
        playback_id=str(uuid4()),
        session_id=str(uuid4()),
        device_id="playhead-real-player",
        content_id=CONTENT_ID,
        url=f"{address}/media/{plan}/stream.m3u8",
        buffer_s=_BUFFER_S if stalls else STREAM_SECONDS,
    )


def _page_url(address: str, collector: str, wanted: Sequence[_Wanted]) -> str:
    order = {
        "collector": f"{collector}/v1/cmcd",
        "app_version": __version__,
        "at_once": _AT_ONCE,
        "plays": [asdict(each) for each in wanted],
    }
    return f"{address}/?{urlencode({'order': json.dumps(order)})}"


def _require_collector(collector: str) -> None:
    try:
        answer = httpx.get(f"{collector}/healthz", timeout=10)
    except httpx.HTTPError as error:
        raise StackError(f"no collector answers at {collector} ({error}); start it with `playhead up`") from error
    if answer.status_code != 200:
        raise StackError(f"the collector at {collector} is up, but its broker is not: {answer.text}; see `playhead status`")


def _collect(
    results: queue.SimpleQueue[dict[str, Any]], wanted: Sequence[_Wanted], browser: subprocess.Popen[bytes]
) -> dict[str, MeasuredPlay]:
    sessions = {each.playback_id: each.session_id for each in wanted}
    measured: dict[str, MeasuredPlay] = {}
    deadline = time.monotonic() + _PATIENCE_S * -(-len(wanted) // _AT_ONCE)
    while len(measured) < len(wanted):
        if browser.poll() is not None:
            raise StackError(f"Chromium ended with code {browser.returncode} while playing; run it by hand to see why")
        if time.monotonic() > deadline:
            raise StackError(f"{len(measured)} of {len(wanted)} plays ended in time; is the machine overloaded? Try again with fewer")
        try:
            result = results.get(timeout=0.5)
        except queue.Empty:
            continue
        each = _measured(result, sessions[result["playback_id"]])
        logger.info("play %s: startup %.0f ms, stalls %s ms", each.playback_id, each.startup_ms, [round(ms) for ms in each.stalls_ms])
        measured[each.playback_id] = each
    return measured


def _measured(result: dict[str, Any], session_id: str) -> MeasuredPlay:
    if result["startup_ms"] is None:
        raise StackError(f"play {result['playback_id']} showed no frame ({result['end']}); does this Chromium play H.264?")
    return MeasuredPlay(
        playback_id=result["playback_id"],
        session_id=session_id,
        has_ended=result["end"] == "ended",
        startup_ms=result["startup_ms"],
        stalls_ms=tuple(result["stalls_ms"]),
        reports=result["reports"],
    )


@contextmanager
def _browser(chromium: str, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Chromium with a profile of its own; its whole process group ends on exit."""
    with tempfile.TemporaryDirectory(prefix="playhead-chromium-", ignore_cleanup_errors=True) as profile:
        # Chromium's sandbox refuses to run as root, as in most containers.
        flags = [*_FLAGS, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        process = subprocess.Popen(
            [chromium, *flags, url], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=10)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
