"""Airflow's public REST API, as far as Playhead's commands use it: trigger, watch, backfill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_attempt, stop_after_delay, stop_all, wait_fixed

from playhead.errors import StackError

FINISHED = frozenset({"success", "failed"})
_PATIENCE_S = 30


class _FailedError(StackError):
    """The server failed with a request that may have been right."""


@dataclass(frozen=True, slots=True)
class ActiveBackfill:
    """A backfill that is not over, of the data intervals that begin in [first, last]."""

    id: int
    first: datetime
    last: datetime
    is_paused: bool


class AirflowApi:
    """A signed-in client of one Airflow api-server.

    Raises:
        StackError: the server cannot be reached, or refuses a request; the message carries its answer.
    """

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._client = httpx.Client(base_url=self._base_url, timeout=_PATIENCE_S, trust_env=False)
        token = self._request("POST", "/auth/token", json={"username": username, "password": password})["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    # Asked twice at least: one answer that does not come in time takes all of the patience.
    @retry(
        retry=retry_if_exception_type(httpx.TransportError),
        stop=stop_all(stop_after_delay(_PATIENCE_S), stop_after_attempt(2)),
        wait=wait_fixed(1),
        reraise=True,
    )
    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        return self._client.request(method, path, **arguments)

    def _request(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        try:
            response = self._send(method, path, **arguments)
        except httpx.TransportError as error:
            raise StackError(f"Airflow at {self._base_url} does not answer ({error}); see `playhead status` and `playhead logs`") from error
        if response.is_error:
            kind = _FailedError if response.is_server_error else StackError
            raise kind(f"Airflow refused {method} {path}: {response.status_code} {response.text[:500]}")
        body: dict[str, Any] = response.json() if response.content else {}
        return body

    @retry(retry=retry_if_exception_type(StackError), stop=stop_after_delay(90), wait=wait_fixed(1), reraise=True)
    def dag_ids(self, *, at_least: int = 0) -> set[str]:
        """DAGs that Airflow knows; a fresh Airflow needs a while to parse them all.

        Raises:
            StackError: fewer than `at_least` are known in time, for instance because one does not load.
        """
        known = {dag["dag_id"] for dag in self._request("GET", "/api/v2/dags", params={"limit": 100})["dags"]}
        if len(known) < at_least:
            errors = self.import_errors()
            raise StackError(
                f"Airflow knows {len(known)} of {at_least} DAGs; {errors[0] if errors else 'see `playhead logs airflow-dag-processor`'}"
            )
        return known

    def import_errors(self) -> list[str]:
        """What keeps DAG files from loading."""
        return [f"{e['filename']}: {e['stack_trace']}" for e in self._request("GET", "/api/v2/importErrors")["import_errors"]]

    def is_paused(self, dag_id: str) -> bool:
        """Whether the scheduler leaves a DAG alone."""
        return bool(self._request("GET", f"/api/v2/dags/{dag_id}")["is_paused"])

    def pause(self, dag_id: str, *, paused: bool) -> None:
        """Pause or unpause a DAG."""
        self._request("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": paused})

    def trigger(self, dag_id: str, *, run_id: str | None = None) -> str:
        """Start a manual run now; returns its run id.

        Asked again where the server fails: one on SQLite does where a task reports at that moment. The same moment starts one run only.
        """
        return self._start(dag_id, {"logical_date": datetime.now(UTC).isoformat(), "dag_run_id": run_id})

    @retry(retry=retry_if_exception_type(_FailedError), stop=stop_after_attempt(3), wait=wait_fixed(1), reraise=True)
    def _start(self, dag_id: str, body: dict[str, Any]) -> str:
        return str(self._request("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def runs(self, dag_id: str = "~") -> list[dict[str, Any]]:
        """Runs of a DAG (`~`: of all), newest first."""
        found: list[dict[str, Any]] = self._request(
            "GET", f"/api/v2/dags/{dag_id}/dagRuns", params={"limit": 1000, "order_by": "-run_after"}
        )["dag_runs"]
        return found

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """One run."""
        return self._request("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Task instances of a run."""
        found: list[dict[str, Any]] = self._request("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 200})[
            "task_instances"
        ]
        return found

    def backfill(self, dag_id: str, start: datetime, end: datetime, *, reprocess: str = "completed") -> int:
        """Create a backfill of the data intervals in [start, end]; returns its id. `completed` runs existing intervals again."""
        body = {"dag_id": dag_id, "from_date": start.isoformat(), "to_date": end.isoformat(), "reprocess_behavior": reprocess}
        return int(self._request("POST", "/api/v2/backfills", json=body)["id"])

    def active_backfills(self, dag_id: str) -> list[ActiveBackfill]:
        """Backfills of a DAG that are not over; Airflow allows one."""
        asked = {"dag_id": dag_id, "order_by": "-id", "limit": 10}
        found = self._request("GET", "/api/v2/backfills", params=asked)["backfills"]
        return [
            ActiveBackfill(
                each["id"], datetime.fromisoformat(each["from_date"]), datetime.fromisoformat(each["to_date"]), each["is_paused"]
            )
            for each in found
            if not each["completed_at"]
        ]

    def unpause_backfill(self, backfill_id: int) -> None:
        """Let a paused backfill go on."""
        self._request("PUT", f"/api/v2/backfills/{backfill_id}/unpause")

    def count_runs(self, dag_id: str, first: datetime, last: datetime, *, state: str | None = None) -> int:
        """How many backfilled runs of the data intervals that begin in [first, last] there are, or how many of them in a state."""
        asked = {"run_type": "backfill", "logical_date_gte": first.isoformat(), "logical_date_lte": last.isoformat(), "limit": 1}
        found = self._request("GET", f"/api/v2/dags/{dag_id}/dagRuns", params=asked | ({"state": state} if state else {}))
        return int(found["total_entries"])

    def backfill_state(self, backfill_id: int) -> dict[str, Any]:
        """One backfill; `completed_at` is set when it is over."""
        return self._request("GET", f"/api/v2/backfills/{backfill_id}")
