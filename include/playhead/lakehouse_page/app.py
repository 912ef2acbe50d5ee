"""The page's web app, which the plugin mounts in Airflow's api-server under /lakehouse.

Airflow leaves the apps of plugins open to everyone. Here every route asks for what the UI asks before it shows a plugin, and the routes
that tell of data for the right to see assets too. The app holds no credentials: repairs are started by the browser, through Airflow's API.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_asset, requires_access_dag, requires_access_view
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.staticfiles import StaticFiles

from playhead.contracts.model import event_topics
from playhead.errors import BrokerError
from playhead.io.kafka import client_config, committed_offsets, consumer_lag
from playhead.lakehouse_page.overview import Overview, read_overview
from playhead.lakehouse_page.runs import ToldRun, read_run
from playhead.settings import Settings

_KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
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
    def asset(name: Literal["run.html", "page.css", "common.js", "page.js", "run.js"]) -> Response:
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

    @routes.get("/run", dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.RUN))])
    def run(dag_id: str, run_id: str, response: Response) -> ToldRun:
        response.headers["Cache-Control"] = "no-store"
        told = read_run(settings.lake, dag_id, run_id)
        if told is None:
            raise HTTPException(404, "it has recorded no build")
        return told

    data_docs = StaticFiles(directory=settings.data_docs, check_dir=False)

    @routes.get("/docs/{path:path}")
    async def docs(path: str, request: Request) -> Response:
        page = await data_docs.get_response(path, request.scope)
        page.headers.update(_DOCS_HEADERS)
        return page

    return routes


def _static(name: str) -> Response:
    content = files("playhead.lakehouse_page").joinpath("static", name).read_bytes()
    return Response(content, media_type=_KINDS[name.rpartition(".")[2]], headers=_HEADERS)
