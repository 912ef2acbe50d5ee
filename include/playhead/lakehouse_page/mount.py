"""What the plugin registers. Every process of Airflow loads it, and only the api-server needs the app: it is made at the first request."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/lakehouse"
PAGE_ROUTE = f"plugin{PREFIX}"  # where Airflow's UI shows it, below the UI's own address


class LakehousePage:
    """The page's app, imported when it is first asked for."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await _app()(scope, receive, send)


@cache
def _app() -> ASGIApp:
    from playhead.lakehouse_page.app import page_app
    from playhead.settings import get_settings

    return page_app(get_settings())


FASTAPI_APPS: list[dict[str, Any]] = [{"name": "Lakehouse", "app": LakehousePage(), "url_prefix": PREFIX}]
# Addresses are relative, so that they also hold where Airflow lives under a path. The UI puts in the run that it shows.
EXTERNAL_VIEWS: list[dict[str, Any]] = [
    {"name": "Lakehouse", "href": f"{PREFIX[1:]}/", "url_route": PREFIX[1:], "destination": "nav", "nav_top_level": True},
    {
        "name": "Data",
        "href": f"{PREFIX[1:]}/run.html?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
        "url_route": "lakehouse-run",
        "destination": "dag_run",
    },
]
