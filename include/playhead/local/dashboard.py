"""The dashboard's process: it waits for the first reader on a few megabytes, and is Streamlit from then on.

What waits imports the standard library alone: a stack that nobody looks at pays next to nothing for it. The first request is answered at
once with a page that asks again; the socket stays open all the while, so that the next request waits in it until Streamlit takes it.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playhead.settings import Settings

_SAYS_WITHIN_S = 1.0
_MOST_BYTES = 65536
_STARTING = b"""HTTP/1.1 503 Service Unavailable\r
Content-Type: text/html; charset=utf-8\r
Cache-Control: no-store\r
Refresh: 1\r
Connection: close\r
\r
<!doctype html><html lang="en"><meta name="color-scheme" content="light dark"><title>Playhead</title>
<p style="font-family:sans-serif">The dashboard is starting. This page loads again by itself.</p></html>
"""
# The embedded server is near: what it does not answer in this time it will not answer.
_EMBEDDED_TIMEOUT_S = 15


def wait_for_reader(listener: socket.socket) -> None:
    """Return when somebody has asked for something, and was told to ask again. Who only knocks, as health checks do, wakes nobody."""
    while not _tell_starting(listener.accept()[0]):
        pass


def _tell_starting(connection: socket.socket) -> bool:
    """Answer one caller; whether it had asked for something."""
    with connection:
        connection.settimeout(_SAYS_WITHIN_S)
        try:
            asked = connection.recv(_MOST_BYTES)
            if asked:
                connection.sendall(_STARTING)
        except OSError:
            return False
    return bool(asked)


def app_script(project: Path) -> Path:
    """The app's main file in a checkout."""
    return project / "include" / "dashboard" / "streamlit_app.py"


def app_secrets(settings: Settings) -> dict[str, Any]:
    """What the app knows as `st.secrets`, in memory only: how it reaches the warehouse outside of Snowflake."""
    from playhead.io.snowflake import connection_parameters, is_embedded

    limits = {"network_timeout": _EMBEDDED_TIMEOUT_S} if is_embedded(settings) else {}
    return {"connections": {"snowflake": connection_parameters(settings) | limits}}


def serve(listener: socket.socket, settings: Settings) -> None:
    """Serve the app on a socket that listens already, until SIGTERM."""
    import logging

    import streamlit as st
    import uvicorn

    from playhead.local.programs import project_dir

    # The connector logs every failed attempt with a stack trace; the page says it in one sentence.
    logging.getLogger("snowflake.connector").setLevel(logging.CRITICAL)
    app = st.App(app_script(project_dir(settings)), secrets=app_secrets(settings))
    config = uvicorn.Config(app, log_level="warning", ws="websockets-sansio", timeout_graceful_shutdown=3)
    uvicorn.Server(config).run(sockets=[listener])


def main() -> None:
    """Entry point of the stack's dashboard process; its arguments are host and port, for reading settings would take longer."""
    with socket.create_server((sys.argv[1], int(sys.argv[2]))) as listener:
        wait_for_reader(listener)
        from playhead.settings import get_settings

        serve(listener, get_settings())


if __name__ == "__main__":
    main()
