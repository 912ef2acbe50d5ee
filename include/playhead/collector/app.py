"""The collector: players' events over HTTP into Kafka, answered only after the broker's acknowledgement.

POST /v1/events   a JSON object, a JSON array, or one JSON object per line: contract events
POST /v1/cmcd     application/cmcd: CMCD v2 event reports, one per line (?target= tells apart several event targets of one player)
GET  /healthz     200 while the broker answers, else 503
GET  /metrics     Prometheus
GET  /openapi.json   all of this for machines

Answers (body: accepted, event_ids, rejected with index, event_id and reasons; for CMCD also ignored with index and reason)
200 all taken. 207 some taken, some rejected: take the rejected ones out, do not send the others again. 400 none taken. 413 over the limit
in the answer. 429 too much waits for the broker, or 503 it does not acknowledge: nothing is promised, send the same again after Retry-After
seconds; the same event ids make that harmless. An event that was not answered for with 2xx may still have been written.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from playhead.collector.batching import Batcher, Bounds, Sender, TooBusyError
from playhead.collector.catalogue import Catalogue
from playhead.collector.metrics import Metrics
from playhead.collector.openapi import describe_collector
from playhead.collector.plays import Plays
from playhead.collector.reports import Reports
from playhead.collector.requests import Intake, Limits, TooLargeError, client_of, read_body, split_events, take_events
from playhead.errors import BrokerError, PlayheadError

logger = logging.getLogger(__name__)

_RETRY_AFTER_S = 1
_SWEEP_S = 15


@dataclass(frozen=True, slots=True)
class Collector:
    """The parts that the routes share."""

    batcher: Batcher
    reports: Reports
    sender: Sender
    metrics: Metrics
    limits: Limits

    async def events(self, request: Request) -> Response:
        """POST /v1/events."""
        client = client_of(request, _now())
        try:
            body = await read_body(request, self.limits.body_bytes)
            given = split_events(body, request.headers.get("content-type", ""))
            _check_count(len(given), self.limits)
        except TooLargeError as error:
            return self._too_large("events", error)
        intake = take_events(given, client, self.limits)
        return await self._answer("events", intake)

    async def cmcd(self, request: Request) -> Response:
        """POST /v1/cmcd."""
        client = client_of(request, _now())
        try:
            body = await read_body(request, self.limits.body_bytes)
            lines = [line for line in body.splitlines() if line.strip()]
            _check_count(len(lines), self.limits)
        except TooLargeError as error:
            return self._too_large("cmcd", error)
        intake, receipt = self.reports.take(lines, client, time.time())
        answer = await self._answer("cmcd", intake)
        if answer.status_code < 300:
            self.reports.settle(client, receipt)
        return answer

    async def healthz(self, _request: Request) -> Response:
        """GET /healthz."""
        is_up = await run_in_threadpool(self.sender.is_up)
        return JSONResponse({"status": "ok" if is_up else "degraded", "broker": "up" if is_up else "down"}, 200 if is_up else 503)

    async def show_metrics(self, _request: Request) -> Response:
        """GET /metrics."""
        return Response(generate_latest(self.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    async def describe(self, _request: Request) -> Response:
        """GET /openapi.json."""
        return JSONResponse(describe_collector())

    async def sweep(self) -> None:
        """Now and then, says what silent players left unsaid."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            try:
                overdue, records = self.reports.overdue(time.time())
                await self.batcher.submit(records)
                self.reports.settle_overdue(overdue, time.time())
            except (TooBusyError, BrokerError, sqlite3.Error) as error:
                logger.warning("held reports stay held until the next round: %s", error)

    async def _answer(self, endpoint: str, intake: Intake) -> Response:
        try:
            await self.batcher.submit(intake.records)
        except TooBusyError as error:
            return self._come_back(endpoint, 429, "back_pressure", error, intake)
        except BrokerError as error:
            return self._come_back(endpoint, 503, "broker_unavailable", error, intake)
        self._count(endpoint, intake)
        body: dict[str, object] = {"accepted": intake.accepted, "event_ids": intake.event_ids, "rejected": intake.rejected}
        if endpoint == "cmcd":
            body["ignored"] = intake.ignored
        return self._respond(endpoint, _status(intake), body)

    def _count(self, endpoint: str, intake: Intake) -> None:
        given = self.metrics.given
        given.labels(endpoint, "accepted").inc(intake.accepted)
        given.labels(endpoint, "rejected").inc(len(intake.rejected))
        for entry in intake.ignored:
            given.labels(endpoint, "held" if entry["reason"] == "held" else "ignored").inc()
            self.metrics.reasons.labels(endpoint, entry["reason"]).inc()
        for reason in (reason for entry in intake.rejected for reason in entry["reasons"]):
            self.metrics.reasons.labels(endpoint, reason).inc()

    def _come_back(self, endpoint: str, status: int, code: str, error: Exception, intake: Intake) -> Response:
        self.metrics.given.labels(endpoint, "refused").inc(intake.accepted + len(intake.rejected) + len(intake.ignored))
        body = {"error": code, "message": str(error), "retry_after_s": _RETRY_AFTER_S}
        return self._respond(endpoint, status, body, {"Retry-After": str(_RETRY_AFTER_S)})

    def _too_large(self, endpoint: str, error: TooLargeError) -> Response:
        return self._respond(endpoint, 413, {"error": "too_large", "message": str(error), "limit": error.limit, "unit": error.unit})

    def _respond(self, endpoint: str, status: int, body: dict[str, object], headers: dict[str, str] | None = None) -> Response:
        self.metrics.answers.labels(endpoint, str(status)).inc()
        return JSONResponse(body, status, headers)


def create_app(sender: Sender, catalogue: Catalogue, plays: Plays, limits: Limits, bounds: Bounds | None = None) -> Starlette:
    """The application; it owns `sender` and `plays` and closes them when it stops."""
    metrics = Metrics()
    batcher = Batcher(sender, metrics, bounds or Bounds())
    collector = Collector(batcher, Reports(catalogue, plays, limits), sender, metrics, limits)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        batcher.start()
        sweeper = asyncio.create_task(collector.sweep())
        yield
        sweeper.cancel()
        await batcher.close()
        sender.close()
        plays.close()

    routes = [
        Route("/v1/events", collector.events, methods=["POST"]),
        Route("/v1/cmcd", collector.cmcd, methods=["POST"]),
        Route("/healthz", collector.healthz),
        Route("/metrics", collector.show_metrics),
        Route("/openapi.json", collector.describe),
    ]
    # Players run on pages of any origin and send no credentials.
    cors = Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["POST"], allow_headers=["content-type"], max_age=86400)
    return Starlette(routes=routes, middleware=[cors], lifespan=lifespan, exception_handlers={PlayheadError: _say_error})


async def _say_error(_request: Request, error: Exception) -> Response:
    """The collector's own trouble (an unreadable catalogue): the sender keeps its events, the operator reads what to do."""
    logger.error("%s", error)
    return JSONResponse({"error": "collector_unavailable", "message": str(error)}, 503, {"Retry-After": str(_RETRY_AFTER_S)})


def _status(intake: Intake) -> int:
    if not intake.rejected:
        return 200
    if intake.accepted or intake.ignored:
        return 207
    return 413 if all(entry["reasons"] == ["too_large"] for entry in intake.rejected) else 400


def _check_count(events: int, limits: Limits) -> None:
    if events > limits.events:
        raise TooLargeError(f"{events} events in one request; send at most {limits.events}", limits.events, "events")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
