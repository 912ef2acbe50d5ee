"""The streaming app on a real broker: each record lands once, also when the app is killed; rejected ones keep their bytes."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from playhead.bronze.buildable import BUILDABLE
from playhead.io.delta_table import table_version
from playhead.io.touched_hours import read_touched_hours
from playhead.observability.heartbeat import read_heartbeat

pytestmark = pytest.mark.slow


def test_ingest__each_record_lands_once_and_rejected_ones_keep_their_bytes(app: Any) -> None:
    app.send("first", [*(app.session_start(n) for n in range(50)), b"junk"])
    app.land_all()
    app.send("second", [app.session_start(n) for n in range(50, 80)])
    app.land_all()
    assert app.query('SELECT count(*), count(DISTINCT (topic, partition, "offset")), count(DISTINCT event_id) FROM bronze') == [
        (81, 81, 80)
    ]
    assert app.query("SELECT rejected_because, raw::BLOB FROM bronze WHERE rejected_because IS NOT NULL") == [(["malformed_json"], b"junk")]
    assert app.query("SELECT count(*) FROM bronze WHERE producer_id = 'second' AND producer_sequence BETWEEN 0 AND 29") == [(30,)]


def test_ingest__commits_tell_the_hours_that_builds_take_from_them(app: Any) -> None:
    version = table_version(app.lake, "bronze.events")
    assert version is not None
    of_rows = app.query(f"SELECT DISTINCT strftime(event_hour, '%Y-%m-%dT%H') FROM bronze WHERE {BUILDABLE} ORDER BY ALL")
    assert of_rows
    assert sorted(read_touched_hours(app.lake, "bronze.events", after=-1, upto=version)) == [hour for (hour,) in of_rows]


def test_ingest__a_killed_app_goes_on_where_it_was(app: Any) -> None:
    process = app.start()
    app.send("third", [app.session_start(n) for n in range(100, 400)])
    for line in process.stdout or []:
        if "query=ingest batch=" in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    app.send("fourth", [app.session_start(n) for n in range(400, 500)])
    app.land_all()
    counted = app.query("SELECT count(*), count(DISTINCT event_id) FROM bronze WHERE producer_id IN ('third', 'fourth')")
    assert counted == [(400, 400)]


def test_ingest__sigterm_ends_it_cleanly_and_one_app_at_a_time(app: Any) -> None:
    process = app.start()
    for line in process.stdout or []:
        if "query=ingest started" in line:
            break
    second = app.start("--available-now")
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "bronze.events is being written by the streaming app" in output
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert read_heartbeat(app.home) is not None


def test_ingest__a_lost_checkpoint_stops_loudly_instead_of_doubling(app: Any) -> None:
    checkpoint = app.home / "lake" / "_checkpoints" / "ingest"
    checkpoint.rename(checkpoint.with_name("lost"))
    process = app.start("--available-now")
    output, _ = process.communicate(timeout=120)
    checkpoint.with_name("lost").rename(checkpoint)
    assert process.returncode == 1
    assert "would land every record of Kafka again" in output
