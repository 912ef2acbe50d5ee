"""What serving tells Prometheus: how many questions were answered how, how long that took, and how old the lists in use are."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime

from fastapi import Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# A list is told in milliseconds, a risk in seconds.
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30)
_NOT_SERVED = "none"


class Metrics:
    """One set of metrics per application, so that two in one process do not mix."""

    def __init__(self) -> None:
        """Everything at zero."""
        self.registry = CollectorRegistry()
        self.answers = Counter("playhead_serving_answers", "Answers by HTTP status.", ["endpoint", "status"], registry=self.registry)
        self.seconds = Histogram(
            "playhead_serving_seconds", "From question to answer.", ["endpoint"], buckets=_SECONDS, registry=self.registry
        )
        self.lists = Gauge(
            "playhead_serving_lists_timestamp_seconds", "Day of the lists in use; 0 before the first ones.", registry=self.registry
        )

    async def measured(self, request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        """Answer a question and count it, by the endpoint that it reached; what reaches none is counted as one, whatever was asked."""
        began, status = time.perf_counter(), 500
        try:
            answered = await answer(request)
            status = answered.status_code
        finally:
            route = request.scope.get("route")
            endpoint = _NOT_SERVED if route is None else route.name
            self.answers.labels(endpoint, str(status)).inc()
            self.seconds.labels(endpoint).observe(time.perf_counter() - began)
        return answered

    def use_lists(self, day: date) -> None:
        """Lists of this day are told from now on."""
        self.lists.set(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
