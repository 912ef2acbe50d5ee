"""The Lakehouse page is as closed as the UI it lives in: no route answers without a token, or without the right to what it shows."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "include" / "playhead" / "lakehouse_page" / "static"
PAGE = ["/", "/run.html", "/page.css", "/common.js", "/page.js", "/run.js"]
RUN = "/api/run?dag_id=build_hourly&run_id=manual__1"
DATA = ["/api/overview", "/api/lag", RUN, "/api/docs/{path:path}"]
# Of the page's parts, those that only name others to who hears the page.
LABELS = {"now-title", "partitions-title", "tables-title", "keys"}
SIGNED_IN = {"Cookie": "_token=sound"}


@dataclass
class _AuthManager:
    """Airflow's auth manager as far as its guards ask: one sound token, and a user who may see what is named."""

    may: set[str] = field(default_factory=lambda: {"PLUGINS", "assets", "build_hourly"})

    async def get_user_from_token(self, token: str) -> str:
        from jwt import InvalidTokenError

        if token != "sound":
            raise InvalidTokenError
        return "user"

    def is_authorized_view(self, *, access_view: Any, user: str) -> bool:
        return user == "user" and access_view.value in self.may

    def is_authorized_asset(self, *, method: str, details: Any, user: str) -> bool:
        return user == "user" and method == "GET" and "assets" in self.may

    def is_authorized_dag(self, *, method: str, access_entity: Any, details: Any, user: str) -> bool:
        return user == "user" and (method, access_entity.value) == ("GET", "RUN") and details.id in self.may


@pytest.fixture
def auth(monkeypatch: pytest.MonkeyPatch) -> _AuthManager:
    from airflow.api_fastapi.core_api import security

    manager = _AuthManager()
    monkeypatch.setattr(security, "get_auth_manager", lambda: manager)
    monkeypatch.setattr(security.DagModel, "get_team_name", lambda _dag_id: None)  # of Airflow's database, which there is none of
    return manager


@pytest.fixture
def client(auth: _AuthManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A browser that nobody has signed in with; Kafka holds two records that are not landed."""
    from fastapi.testclient import TestClient

    from playhead.io.kafka import Lag
    from playhead.lakehouse_page import app
    from playhead.settings import Settings

    monkeypatch.setattr(app, "consumer_lag", lambda *_: [Lag("video_events", 0, 1, 3), Lag("video_events", 1, 3, 3)])
    return TestClient(app.page_app(Settings(state_dir=tmp_path)))


def test_every_route_is_tested_here(client: TestClient) -> None:
    routes = {route.path for route in client.app.routes}  # type: ignore[attr-defined]
    assert routes == {"/", "/{name}", *(path.partition("?")[0] for path in DATA)}


@pytest.mark.parametrize("path", PAGE + DATA)
def test_without_a_token_nothing_is_answered(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"Cookie": "_token=forged"}).status_code == 403


@pytest.mark.parametrize("path", PAGE + DATA)
def test_without_the_right_to_see_plugins_nothing_is_answered(client: TestClient, auth: _AuthManager, path: str) -> None:
    auth.may.discard("PLUGINS")
    assert client.get(path, headers=SIGNED_IN).status_code == 403


@pytest.mark.parametrize("path", DATA)
def test_without_the_right_to_see_assets_nothing_is_told_of_data(client: TestClient, auth: _AuthManager, path: str) -> None:
    auth.may.discard("assets")
    assert client.get(path, headers=SIGNED_IN).status_code == 403


def test_without_the_right_to_see_a_dag_s_runs_nothing_is_told_of_them(client: TestClient, auth: _AuthManager) -> None:
    assert client.get(RUN, headers=SIGNED_IN).json() == {"detail": "it has recorded no build"}
    auth.may.discard("build_hourly")
    assert client.get(RUN, headers=SIGNED_IN).status_code == 403


def test_who_may_only_look_sees_the_page_and_may_start_no_run(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the rules of Airflow's own simple auth manager for its role viewer."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api import security

    async def signed_in(_self: SimpleAuthManager, _token: str) -> SimpleAuthManagerUser:
        return viewer

    viewer, manager = SimpleAuthManagerUser(username="vera", role="viewer"), SimpleAuthManager()
    monkeypatch.setattr(SimpleAuthManager, "get_user_from_token", signed_in)
    monkeypatch.setattr(security, "get_auth_manager", lambda: manager)
    assert {path: client.get(path, headers=SIGNED_IN).status_code for path in PAGE} == dict.fromkeys(PAGE, 200)
    told = {path: client.get(path, headers=SIGNED_IN).status_code for path in DATA}
    assert told == dict.fromkeys(DATA, 404) | {"/api/overview": 200, "/api/lag": 200}, "there is no such run, and no such document"
    details = DagDetails(id="build_daily")
    assert not manager.is_authorized_dag(method="POST", access_entity=DagAccessEntity.RUN, details=details, user=viewer)


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_app_tells_nobody_of_itself(client: TestClient, path: str) -> None:
    assert client.get(path, headers=SIGNED_IN).status_code in {404, 422}


@pytest.mark.parametrize("path", PAGE)
def test_a_user_gets_the_page_and_nothing_from_elsewhere(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=SIGNED_IN)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'")
    assert "frame-ancestors 'self'" in policy
    assert not re.search(r"https?:|//\w+\.|innerHTML|insertAdjacentHTML", answer.text)


def test_the_page_has_the_parts_that_its_script_fills_and_a_look_for_each_state() -> None:
    from playhead.lakehouse_page.partitions import STATES

    html, script, look, run_html, run_script = (
        (STATIC / name).read_text() for name in ("page.html", "page.js", "page.css", "run.html", "run.js")
    )
    assert set(re.findall(r'\bat\("([\w-]+)"\)', run_script)) == set(re.findall(r'\bid="([\w-]+)"', run_html))
    made_by_script = set(re.findall(r'\.id = "([\w-]+)"', script))
    assert set(re.findall(r'\bat\("([\w-]+)"\)', script)) == set(re.findall(r'\bid="([\w-]+)"', html)) - LABELS | made_by_script
    assert set(re.findall(r"^  (\w+): \[", script, flags=re.MULTILINE)) == set(STATES)
    assert set(re.findall(r"span\.(\w+) ", look)) == set(STATES) - {"none"}


def test_a_user_gets_the_overview_of_an_empty_lake(client: TestClient) -> None:
    answer = client.get("/api/overview", headers=SIGNED_IN)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert {row["cells"][0]["state"] for row in told["partitions"]} == {"none"}
    assert {table["state"] for table in told["tables"]} == {"empty"}
    assert told["unread"] == {}


def test_data_docs_are_shown_and_run_no_script(client: TestClient, tmp_path: Path) -> None:
    page = tmp_path / "data_docs" / "validations" / "a.html"
    page.parent.mkdir(parents=True)
    page.write_text("<script>alert()</script>")
    answer = client.get("/api/docs/validations/a.html", headers=SIGNED_IN)
    assert (answer.status_code, answer.text) == (200, "<script>alert()</script>")
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "sandbox allow-same-origin", "frame-ancestors 'self'"} <= set(policy)
    assert not any(part.startswith("script-src") for part in policy)


@pytest.mark.parametrize("path", ["..%2Fsecret", "validations/%2E%2E/%2E%2E/secret", "%2Fetc%2Fpasswd", "nothing.html"])
def test_data_docs_lead_nowhere_else(client: TestClient, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "data_docs" / "validations").mkdir(parents=True)
    assert client.get(f"/api/docs/{path}", headers=SIGNED_IN).status_code == 404


def test_lag_is_told_by_topic(client: TestClient) -> None:
    assert client.get("/api/lag", headers=SIGNED_IN).json() == {"video_events": 2}


def test_a_silent_broker_is_told_as_such(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from playhead.errors import BrokerError
    from playhead.lakehouse_page import app

    def silent(*_: object) -> None:
        raise BrokerError("nobody at 127.0.0.1:1")

    monkeypatch.setattr(app, "consumer_lag", silent)
    answer = client.get("/api/lag", headers=SIGNED_IN)
    assert (answer.status_code, answer.json()) == (503, {"detail": "Kafka does not answer"})


def plugin() -> ModuleType:
    """The plugin's file, run as each process of Airflow runs it."""
    spec = importlib.util.spec_from_file_location("playhead_plugin_under_test", ROOT / "plugins" / "playhead_plugin.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_airflow_mounts_the_page_and_names_it_in_the_navigation(auth: _AuthManager) -> None:
    """Through Airflow's own loader: what its api-server serves, and what its UI reads to draw the navigation."""
    from airflow import plugins_manager
    from airflow.api_fastapi.app import init_plugins
    from airflow.api_fastapi.core_api.datamodels.plugins import PluginResponse
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from playhead.lakehouse_page.mount import PAGE_ROUTE

    server = FastAPI()
    init_plugins(server)
    (told,) = (PluginResponse.model_validate(each) for each in plugins_manager.get_plugin_info() if each["name"] == "playhead")
    view, tab = told.external_views
    assert (view.name, view.destination, view.nav_top_level) == ("Lakehouse", "nav", True)
    assert f"plugin/{view.url_route}" == PAGE_ROUTE, "without a route the UI would open it beside Airflow, not in it"
    assert (tab.destination, tab.href) == ("dag_run", "lakehouse/run.html?dag_id={DAG_ID}&run_id={RUN_ID}")
    client = TestClient(server)
    assert client.get(f"/{view.href}").status_code == 401
    assert client.get(f"/{view.href}", headers=SIGNED_IN).headers["content-type"].startswith("text/html")


def test_the_app_is_made_when_it_is_first_asked_for(auth: _AuthManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Schedulers and tasks load the plugin too, and pay for no web app."""
    from fastapi.testclient import TestClient

    from playhead.settings import get_settings

    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(tmp_path))
    get_settings.cache_clear()
    for name in ("app", "mount"):
        monkeypatch.delitem(sys.modules, f"playhead.lakehouse_page.{name}", raising=False)
    (mounted,) = plugin().PlayheadPlugin.fastapi_apps
    assert "playhead.lakehouse_page.app" not in sys.modules

    client = TestClient(mounted["app"])
    assert client.get("/api/overview").status_code == 401
    assert client.get("/api/overview", headers=SIGNED_IN).status_code == 200
    get_settings.cache_clear()
