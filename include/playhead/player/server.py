"""The page's own little web server: the page, hls.js, the stream, and where the page leaves what it measured.

Media is served under `/media/<plan>/…`. Plan `smooth` serves at once; `stall-<n>-<seconds>` keeps segment n back for that long, so that a
player that has buffered less than that runs dry: a real stall, not a report of one.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import re
import threading
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from playhead.errors import StackError

_PLAN = re.compile(r"smooth|stall-(\d{1,3})-(\d{1,2}(?:\.\d)?)")
_SEGMENT = re.compile(r"(\d{3})\.ts")
_START_S = 10


def create_app(media: Path, hls_script: Path, results: queue.SimpleQueue[dict[str, Any]]) -> Starlette:
    """The server's application; what pages measured goes into `results`."""
    page = files("playhead.player").joinpath("page.html").read_text(encoding="utf-8")
    root = media.resolve()

    async def show_page(_request: Request) -> Response:
        return HTMLResponse(page)

    async def script(_request: Request) -> Response:
        return FileResponse(hls_script, media_type="text/javascript")

    async def serve_media(request: Request) -> Response:
        path = (root / request.path_params["path"]).resolve()
        plan = _PLAN.fullmatch(request.path_params["plan"])
        if plan is None or not path.is_relative_to(root) or not path.is_file():
            raise HTTPException(404)
        await asyncio.sleep(_delay_s(plan, path))
        return FileResponse(path, headers={"Cache-Control": "no-store"})

    async def take_result(request: Request) -> Response:
        results.put(await request.json())
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/", show_page),
            Route("/hls.js", script),
            Route("/media/{plan}/{path:path}", serve_media),
            Route("/results", take_result, methods=["POST"]),
        ]
    )


def _delay_s(plan: re.Match[str], path: Path) -> float:
    segment = _SEGMENT.fullmatch(path.name)
    if plan[1] is None or segment is None or int(segment[1]) != int(plan[1]):
        return 0.0
    return float(plan[2])


@contextlib.contextmanager
def serving(app: Starlette, port: int) -> Iterator[str]:
    """The application on a loopback port, in a thread: yields its address.

    Raises:
        StackError: the port is taken.
    """
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off"))
    # uvicorn ends the interpreter where it cannot bind; in a thread that only ends the thread.
    thread = threading.Thread(target=server.run, name="player-server", daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise StackError(
                f"the player's page cannot be served on 127.0.0.1:{port}; is the port taken? Set PLAYHEAD_PORT_BASE to move it"
            )
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=_START_S)
