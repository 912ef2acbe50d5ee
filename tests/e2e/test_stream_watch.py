"""A streaming app that hangs, on the demo's stack: Airflow's watch has it started anew, its owner is told, and nothing is lost."""

from __future__ import annotations

import json
from typing import Any

import psutil
import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from playhead.observability.heartbeat import check_heartbeat

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
_AWAITED = {"retry": retry_if_exception_type(AssertionError), "wait": wait_fixed(1), "reraise": True}


def stream_pid(demo: Any) -> int:
    parts: list[dict[str, Any]] = json.loads(demo.playhead("status", "--json"))
    return next(int(part["pid"]) for part in parts if part["name"] == "stream")


def test_an_app_that_hangs_is_started_anew_and_its_owner_told(demo: Any) -> None:
    first = stream_pid(demo)
    told_before = {kind: len(demo.mails(f"{kind}: bronze.events")) for kind in ("missed", "recovered")}
    psutil.Process(first).suspend()

    @retry(stop=stop_after_delay(240), **_AWAITED)
    def started_anew() -> None:
        assert not psutil.pid_exists(first)

    @retry(stop=stop_after_delay(180), **_AWAITED)
    def told_once(kind: str) -> None:
        assert len(demo.mails(f"{kind}: bronze.events")) == told_before[kind] + 1

    started_anew()
    told_once("missed")
    told_once("recovered")
    assert check_heartbeat(demo.home)["is_ready"]
    assert stream_pid(demo) not in {0, first}
    with demo.airflow() as api:
        runs = api.runs("stream_watch")
        assert any(run["state"] == "success" for run in runs), "the run that had it started anew"
        assert sum(run["state"] in {"running", "queued"} for run in runs) <= 1
    accounts = json.loads(demo.playhead("accounts", "--json"))
    assert accounts["unaccounted"] == 0
