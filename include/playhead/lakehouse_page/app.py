"""The page's web app, which the plugin mounts in Airflow's api-server under /lakehouse.

Airflow leaves the apps of plugins open to everyone. Here every route asks for what the UI asks before it shows a plugin, and the routes
that tell of data for the right to see assets too. The app holds no credentials: repairs are started by the browser, through Airflow's API.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_asset, requires_access_view
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.staticfiles import StaticFiles

from playhead.contracts.model import event_topics
from playhead.errors import BrokerError
from playhead.io.kafka import client_config, committed_offsets, consumer_lag
from playhead.lakehouse_page.overview import Overview, read_overview
from playhead.settings import Settings

_STATIC = {"page.html": "text/html", "page.css": "text/css", "page.js": "text/javascript"}
_HEADERS = {
    # Nothing from elsewhere, and shown in nobody's frame but Airflow's own.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
# Data Docs are made of what was judged: they are shown, and no script of theirs is run in Airflow's origin.
_DOCS_HEADERS = _HEADERS | {
    "Content-Security-Policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin",
}


def page_app(settings: Settings) -> FastAPI:
    """The app. It documents itself to nobody: FastAPI's pages about it would be open to everyone."""
    app = FastAPI(
        title="Playhead Lakehouse",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(requires_access_view(AccessView.PLUGINS))],
    )
    app.include_router(_page_routes())
    app.include_router(_data_routes(settings))
    return app


def _page_routes() -> APIRouter:
    routes = APIRouter()

    @routes.get("/")
    def page() -> Response:
        return _static("page.html")

    @routes.get("/{name}")
    def asset(name: Literal["page.css", "page.js"]) -> Response:
        return _static(name)

    return routes


def _data_routes(settings: Settings) -> APIRouter:
    routes = APIRouter(prefix="/api", dependencies=[Depends(requires_access_asset("GET"))])

    @routes.get("/overview")
    def overview(response: Response) -> Overview:
        response.headers["Cache-Control"] = "no-store"
        return read_overview(settings.lake, settings.home, alert_minutes=settings.alert_window_minutes)

    @routes.get("/lag")
    def lag(response: Response) -> dict[str, int]:
        response.headers["Cache-Control"] = "no-store"
        try:
            found = consumer_lag(client_config(settings), committed_offsets(settings.checkpoint), event_topics())
        except BrokerError as error:
            raise HTTPException(503, "Kafka does not answer") from error
        records: dict[str, int] = {}
        for each in found:
            records[each.topic] = records.get(each.topic, 0) + each.records
        return records

    data_docs = StaticFiles(directory=settings.data_docs, check_dir=False)

    @routes.get("/docs/{path:path}")
    async def docs(path: str, request: Request) -> Response:
        page = await data_docs.get_response(path, request.scope)
        page.headers.update(_DOCS_HEADERS)
        return page

    return routes


def _static(name: str) -> Response:
    content = files("playhead.lakehouse_page").joinpath("static", name).read_bytes()
    return Response(content, media_type=_STATIC[name], headers=_HEADERS)
