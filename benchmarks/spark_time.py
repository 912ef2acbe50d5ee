"""How long Spark was at work: the time covered by its queries and jobs, as the server's REST API or an application's event log tells."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

# Begin and end, in seconds since 1970.
Span = tuple[float, float]

_SQL = "org.apache.spark.sql.execution.ui.SparkListenerSQLExecution"
_MOST = 100_000


def covered_s(spans: Iterable[Span], begin: float, end: float) -> float:
    """Seconds between `begin` and `end` in which at least one span was under way."""
    total, reached = 0.0, begin
    for first, last in sorted(spans):
        first, last = max(first, reached), min(last, end)
        if last > first:
            total += last - first
            reached = last
    return total


def served_spans(ui_url: str) -> list[Span]:
    """Queries and jobs of the application whose UI is at `ui_url`, over ones."""
    with httpx.Client(base_url=f"{ui_url}/api/v1", timeout=30, trust_env=False) as client:
        (application,) = _get(client, "/applications")
        path = f"/applications/{application['id']}"
        queries = _get(client, f"{path}/sql?details=false&planDescription=false&length={_MOST}")
        jobs = _get(client, f"{path}/jobs")
    spans = [(_moment(query["submissionTime"]), _moment(query["submissionTime"]) + query["duration"] / 1000) for query in queries]
    return spans + [(_moment(job["submissionTime"]), _moment(job["completionTime"])) for job in jobs if "completionTime" in job]


def logged_spans(event_log: Path) -> list[Span]:
    """Queries and jobs of an application that has ended, from its event log."""
    began: dict[tuple[str, int], float] = {}
    spans: list[Span] = []
    for line in event_log.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        kind = event["Event"]
        if kind == "SparkListenerJobStart":
            began["job", event["Job ID"]] = event["Submission Time"] / 1000
        elif kind == "SparkListenerJobEnd":
            spans.append((began["job", event["Job ID"]], event["Completion Time"] / 1000))
        elif kind == f"{_SQL}Start":
            began["query", event["executionId"]] = event["time"] / 1000
        elif kind == f"{_SQL}End":
            spans.append((began["query", event["executionId"]], event["time"] / 1000))
    return spans


def _get(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    answer = client.get(path)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found


def _moment(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fGMT").replace(tzinfo=UTC).timestamp()
