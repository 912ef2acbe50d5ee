"""Airflow's API as the demo uses it, against a server that fails now and then."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from tenacity import wait_none

from playhead.errors import StackError
from playhead.io.airflow_api import AirflowApi

asked: list[tuple[str, dict[str, str]]] = []


@contextmanager
def airflow(*codes: int) -> Iterator[AirflowApi]:
    """An api-server that signs everybody in and answers what it is asked with these codes."""
    answers = iter(codes)
    asked.clear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            is_login = self.path == "/auth/token"
            if not is_login:
                asked.append((self.path, body))
            self.send_response(200 if is_login else next(answers))
            self.end_headers()
            self.wfile.write(json.dumps({"access_token": "token", "dag_run_id": "manual"}).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with AirflowApi(f"http://127.0.0.1:{server.server_port}", "admin", "secret") as api:
            yield api
        server.shutdown()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AirflowApi._start.retry, "wait", wait_none())  # type: ignore[attr-defined]  # tenacity's own


def test_trigger__a_server_that_fails_is_asked_again_for_the_same_run() -> None:
    with airflow(500, 200) as api:
        assert api.trigger("build_hourly") == "manual"
    (first, body), (second, again) = asked
    assert first == second == "/api/v2/dags/build_hourly/dagRuns"
    assert body == again, "the same moment, which starts one run only"


def test_trigger__what_is_refused_is_not_asked_again() -> None:
    with airflow(403) as api, pytest.raises(StackError, match="403"):
        api.trigger("build_hourly")
    assert len(asked) == 1


def test_trigger__a_server_that_goes_on_failing_is_told() -> None:
    with airflow(500, 500, 500) as api, pytest.raises(StackError, match="500"):
        api.trigger("build_hourly")


@pytest.mark.parametrize(("attempt", "after_s", "is_over"), [(1, 31, False), (2, 31, True), (9, 5, False)])
def test_send__a_first_answer_that_takes_all_the_patience_is_asked_for_again(attempt: int, after_s: float, is_over: bool) -> None:
    stop = AirflowApi._send.retry.stop  # type: ignore[attr-defined]  # tenacity's own
    assert stop(SimpleNamespace(attempt_number=attempt, seconds_since_start=after_s)) is is_over
