"""The streaming app counts what happens now, beside landing it, and ends cleanly with it."""

from __future__ import annotations

import json
import os
import signal
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from playhead.io.delta_table import query_log
from playhead.local.processes import wait_until

pytestmark = pytest.mark.slow

EVENT = {
    "schema_version": 1, "session_id": "s", "device_id": "d", "ip_address": "192.0.2.1", "user_agent": "a", "device_type": "tv",
    "platform": "roku", "app_version": "1", "country": "DE", "video_id": "v", "content_title": "One", "content_type": "movie",
    "content_duration": 600, "playback_position": 30, "video_quality": "720p",
}  # fmt: skip


def event(playback_id: str, event_type: str = "video_play") -> bytes:
    """An event of now."""
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    own = {"event_id": str(uuid.uuid4()), "event_type": event_type, "playback_id": playback_id}
    return json.dumps(EVENT | own | {"event_timestamp": moment, "received_at": moment}).encode()


def open_now(app: Any) -> int | None:
    (row,) = query_log(app.lake, "gold.qoe_live", "SELECT arg_max(open_count, event_minute) AS open_now FROM log")
    found: int | None = row["open_now"]
    return found


def test_live__plays_are_counted_as_they_begin_and_end(app: Any) -> None:
    with (app.home / "stream.log").open("w", encoding="utf-8") as log:
        process = app.start(output=log)
    try:
        for number, (sent, expected) in enumerate(
            [
                ([event("a"), event("b")], 2),
                ([event("b", "video_stop"), event("c"), event("d")], 3),
            ]
        ):
            app.send(f"live-{number}", sent, topic="video_events")
            wait_until(
                lambda expected=expected: open_now(app) == expected,  # type: ignore[misc]
                lambda: process.poll() is None,
                "the count of plays",
                app.home / "stream.log",
                120,
            )
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    told = (app.home / "stream.log").read_text(encoding="utf-8")
    assert "live failed" not in told
    assert "doesn't contain" not in told, "each new play would be a warning that names it"
