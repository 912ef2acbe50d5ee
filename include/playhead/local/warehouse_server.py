"""The embedded warehouse: fakesnow's Snowflake-compatible server on loopback, with its databases kept under the state directory.

Clients speak to it through the real Snowflake connector. One FakeSnow is shared by all sessions (a second one on the same files fails),
and five things are made fit for a server that runs for weeks: results of old queries are forgotten, staged files live under the state
directory, sessions end with their clients (dead ones' transactions are rolled back), a statement the engine refuses is an error at
once and not a retry, and a time that is NULL is told as NULL.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from playhead.errors import StackError
from playhead.local.processes import LOOPBACK, is_listening
from playhead.settings import get_settings

if TYPE_CHECKING:
    import pyarrow as pa
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    TimesAsParts = Callable[[pa.ChunkedArray], pa.StructArray]

logger = logging.getLogger(__name__)

KEPT_RESULTS = 256
# A load's transaction holds no longer pause than the longest of its statements; a client silent for longer is gone.
ABANDONED_AFTER_S = 300.0
# Snowflake ends an idle session after 4 h, too.
IDLE_AFTER_S = 4 * 3600.0
_REFUSED = 500
LOGIN_PATH = "/session/v1/login-request"


class RecentResults(OrderedDict[str, Any]):
    """The results RESULT_SCAN can still read: the newest ones, so that a long-running server does not grow."""

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        while len(self) > KEPT_RESULTS:
            self.popitem(last=False)


class Sessions(dict[str, Any]):
    """Sessions by token. At each login, those whose clients are gone are closed, which rolls back what they had begun."""

    def __init__(self, abandoned_after_s: float = ABANDONED_AFTER_S) -> None:
        super().__init__()
        self._abandoned_after_s = abandoned_after_s
        self._used_at: dict[str, float] = {}

    def __setitem__(self, token: str, session: Any) -> None:
        self._close_abandoned()
        super().__setitem__(token, session)
        self._used_at[token] = time.monotonic()

    def __delitem__(self, token: str) -> None:
        session = self[token]
        super().__delitem__(token)
        self._used_at.pop(token, None)
        session.close()

    def get(self, token: str, default: Any = None) -> Any:
        """The session of a token, noting that it is in use."""
        if token in self:
            self._used_at[token] = time.monotonic()
        return super().get(token, default)

    def _close_abandoned(self) -> None:
        now = time.monotonic()
        for token, session in list(self.items()):
            silent_s = now - self._used_at[token]
            if silent_s > (self._abandoned_after_s if session._in_transaction else IDLE_AFTER_S):
                logger.warning("closing a session whose client has been silent for %.0f s", silent_s)
                del self[token]


class RefusalsAreAnswers:
    """Answers 200 where fakesnow answers 500: the body already says `success: false`, and the connector retries a 500 for minutes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with the status of a refusal changed."""

        async def send_answer(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == _REFUSED and _is_json(message):
                message = {**message, "status": 200}
            await send(message)

        await self._app(scope, receive, send_answer)


def warehouse_app(data_dir: Path, *, abandoned_after_s: float = ABANDONED_AFTER_S) -> Starlette:
    """The server's application over the databases in `data_dir`, which is made when missing."""
    import fakesnow.arrow as fakesnow_arrow
    import fakesnow.server as fakesnow_server
    from fakesnow.instance import FakeSnow
    from fakesnow.transforms import stage

    staged = data_dir / "stage"
    shutil.rmtree(staged, ignore_errors=True)  # the list of stages is kept in memory only, so their files end with the process
    staged.mkdir(parents=True)
    shutil.rmtree(stage.LOCAL_BUCKET_PATH, ignore_errors=True)
    stage.LOCAL_BUCKET_PATH = str(staged)
    shared = FakeSnow(db_path=data_dir)
    shared.results_cache = RecentResults()
    fakesnow_arrow.timestamp_to_sf_struct = with_null_times(fakesnow_arrow.timestamp_to_sf_struct)
    fakesnow_server.shared_fs = shared
    fakesnow_server.sessions = Sessions(abandoned_after_s)
    app: Starlette = fakesnow_server.app
    login = next(route for route in app.routes if isinstance(route, Route) and route.path == LOGIN_PATH)
    app.routes[app.routes.index(login)] = Route(LOGIN_PATH, _login, methods=["POST"])
    app.routes.append(Route("/healthz", _healthz, methods=["GET"]))
    app.add_middleware(RefusalsAreAnswers)
    return app


def with_null_times(told: TimesAsParts) -> TimesAsParts:
    """fakesnow's form of a column of times, in which a time that is NULL stays so instead of becoming 1970-01-01."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def column(times: pa.ChunkedArray) -> pa.StructArray:
        parts = told(times)
        filled = [pc.fill_null(part, 0) for part in parts.flatten()]
        return pa.StructArray.from_arrays(filled, fields=list(parts.type), mask=pc.is_null(times).combine_chunks())

    return column


def _is_json(message: Message) -> bool:
    return any(name.lower() == b"content-type" and b"application/json" in value for name, value in message.get("headers", []))


async def _login(request: Request) -> JSONResponse:
    """fakesnow's login, with the master token that it leaves out: without one the connector's close() never ends the session here."""
    import fakesnow.server as fakesnow_server

    answer = json.loads((await fakesnow_server.login_request(request)).body)
    answer["data"]["masterToken"] = answer["data"]["token"]
    return JSONResponse(answer)


async def _healthz(request: Request) -> PlainTextResponse:
    import fakesnow.server as fakesnow_server

    fakesnow_server.shared_fs.duck_conn.cursor().execute("SELECT 1").fetchone()
    return PlainTextResponse("ok")


def serve(data_dir: Path, port: int) -> None:
    """Serve until SIGTERM; then finish running requests, write the databases to disk and end.

    Raises:
        StackError: the port is taken.
    """
    import fakesnow.server as fakesnow_server

    if is_listening(port):
        raise StackError(f"port {port} of the warehouse is taken; stop what listens there or set PLAYHEAD_PORT_BASE")
    app = warehouse_app(data_dir)
    config = uvicorn.Config(app, host=LOOPBACK, port=port, log_level="warning", timeout_graceful_shutdown=10)
    try:
        uvicorn.Server(config).run()
    finally:
        fakesnow_server.shared_fs.duck_conn.close()


def main() -> None:
    """Entry point of the stack's warehouse process."""
    settings = get_settings()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    serve(settings.home / "warehouse", settings.port("warehouse"))


if __name__ == "__main__":
    main()
