"""The watcher as the supervisor runs it: a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from playhead.observability import metrics as m
from playhead.observability.sources.deadlines import read_deadlines
from playhead.observability.watch_sign import STALE_AFTER, WatchSign, is_watching, read_sign, write_sign


def test_it_tells_of_a_silent_stream_by_itself_and_ends_when_asked(
    lake: str, tmp_path: Path, mail_sink: Any, begin: Callable[..., None], beat: Callable[..., None]
) -> None:
    begin(datetime.now(UTC) - timedelta(minutes=30))
    beat(tmp_path, datetime.now(UTC) - timedelta(minutes=10))
    environment = {
        **os.environ,
        "PLAYHEAD_STATE_DIR": str(tmp_path),
        "PLAYHEAD_LAKE_URI": lake,
        "PLAYHEAD_SMTP_PORT": str(mail_sink.server.port),
    }
    watcher = subprocess.Popen([sys.executable, "-m", "playhead.watcher"], env=environment)
    try:

        @retry(retry=retry_if_exception_type(AssertionError), stop=stop_after_delay(60), wait=wait_fixed(0.1), reraise=True)
        def looked() -> None:
            assert read_sign(tmp_path) is not None

        looked()
        assert is_watching(tmp_path)
        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(20) == 0
    finally:
        watcher.kill()
    (mail,) = mail_sink.fresh()
    assert mail["Subject"].startswith("[Playhead] deadline missed: bronze.events (")
    assert read_deadlines(tmp_path)[m.OVERDUE]["bronze.events",] == 1
    assert read_deadlines(tmp_path)[m.UNSENT] == {(): 0}


def test_a_watcher_that_has_not_looked_for_three_minutes_is_not_watching(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    assert not is_watching(tmp_path, now=now)
    assert read_deadlines(tmp_path) == {}
    write_sign(tmp_path, WatchSign((now - STALE_AFTER + timedelta(seconds=1)).timestamp()))
    assert is_watching(tmp_path, now=now)
    assert not is_watching(tmp_path, now=now + timedelta(seconds=1))
