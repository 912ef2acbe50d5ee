"""The Lakehouse page in Chromium, in Airflow's UI on the demo's stack: what it shows, who may do what, and that it needs no mouse."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import jwt
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io.delta_table import query_log, table_path
from playhead.lakehouse_page.mount import PAGE_ROUTE, PREFIX
from playhead.local.airflow_env import ADMIN, admin_password, secrets_dir

MISSING = [name for name in ("chromium", "npm") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        bool(MISSING) and not os.environ.get("CI"), reason=f"needs {', '.join(MISSING)}: apt-get install {' '.join(MISSING)}"
    ),
]
FORGETFUL = "gold.user_content_daily"
SOON_MS, REPAIRED_MS = 20_000, 240_000
Barriers = Callable[..., list[str]]


@dataclass(frozen=True)
class Hole:
    """A cell of the heat map that a repair is offered for: its place, and the DAG that mends it."""

    row: int
    column: int
    dag_id: str


@pytest.fixture(scope="module")
def admin(browser: Browser, demo: Any) -> Iterator[BrowserContext]:
    """A browser that the admin has signed in with, as a person does."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    page = context.new_page()
    page.goto(demo.settings.airflow_url)
    page.get_by_label("Username").fill(ADMIN)
    page.locator("input[type=password]").fill(admin_password(demo.home))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Lakehouse")).to_be_visible(timeout=SOON_MS)
    page.close()
    yield context
    context.close()


@pytest.fixture
def viewer(browser: Browser, demo: Any) -> Iterator[BrowserContext]:
    """A browser of somebody with the role viewer. The stack has no such account: the admin's token is given another name and role."""
    answer = httpx.post(f"{demo.settings.airflow_url}/auth/token", json={"username": ADMIN, "password": admin_password(demo.home)})
    token = answer.json()["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False}) | {"sub": "vera", "role": "viewer", "jti": uuid4().hex}
    head = jwt.get_unverified_header(token)
    key = (secrets_dir(demo.home) / "airflow_jwt_secret").read_text(encoding="utf-8")
    context = browser.new_context()
    signed = jwt.encode(claims, key, algorithm=head["alg"], headers={"kid": head["kid"]})
    context.add_cookies([{"name": "_token", "value": signed, "url": demo.settings.airflow_url}])
    yield context
    context.close()


def framed(page: Page, title: str) -> Frame:
    """What Airflow's UI shows in a frame, filled."""
    held = page.locator(f"iframe[title={title}]").element_handle(timeout=SOON_MS)
    frame = held.content_frame() if held is not None else None
    assert frame is not None
    expect(frame.locator("main")).to_have_attribute("aria-busy", "false", timeout=SOON_MS)
    return frame


def shown(page: Page, demo: Any) -> Page:
    """The page as it stands for itself, filled."""
    page.goto(f"{demo.settings.airflow_url}{PREFIX}/")
    expect(page.locator("main")).to_have_attribute("aria-busy", "false", timeout=SOON_MS)
    return page


def overview(context: BrowserContext, demo: Any) -> dict[str, Any]:
    told: dict[str, Any] = context.request.get(f"{demo.settings.airflow_url}{PREFIX}/api/overview").json()
    return told


@pytest.fixture(scope="module")
def missing_day(admin: BrowserContext, demo: Any) -> str:
    """A day of a daily table of which nobody knows any more that it was published: the log of publishes has lost its rows."""
    rows = {row["table"]: row["cells"] for row in overview(admin, demo)["partitions"]}
    day = next(cell["day"] for cell in rows[FORGETFUL] if cell["state"] == "complete")
    others = "SELECT * FROM log WHERE NOT (table_name = $table AND partition_key = $day)"
    kept = query_log(demo.settings.lake, "ops.publish_log", others, {"table": FORGETFUL, "day": day})
    log = DeltaTable(table_path(demo.settings.lake, "ops.publish_log"))
    log.alter.set_table_properties({"delta.appendOnly": "false"})
    # Written anew: what delta-rs leaves after a delete has texts of a kind that questions with `>=` cannot be pushed down to.
    write_deltalake(log, pa.Table.from_pylist(kept, arrow_schema(load_contract("ops.publish_log"))), mode="overwrite")
    log.alter.set_table_properties({"delta.appendOnly": "true"})
    return str(day)


def find_hole(told: dict[str, Any], day: str) -> Hole:
    """The missing day in the heat map."""
    row = next(row for row, each in enumerate(told["partitions"]) if each["table"] == FORGETFUL)
    column = told["days"].index(day)
    cell = told["partitions"][row]["cells"][column]
    assert (cell["state"], cell["repair"]["runs"]) == ("missing", 1)
    return Hole(row, column, cell["repair"]["dag_id"])


def to_cell(page: Page, hole: Hole) -> None:
    """From the top of the page to a cell, by keys alone."""
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Refresh")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#partitions tbody tr").first.locator("td button").last).to_be_focused()
    for _ in range(hole.row):
        page.keyboard.press("ArrowDown")
    for _ in range(page.locator("#partitions thead th").count() - 2 - hole.column):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#partitions tbody tr").nth(hole.row).locator("td button").nth(hole.column)).to_be_focused()


def test_the_page_opens_from_the_navigation_and_shows_the_state_of_every_partition(
    admin: BrowserContext, demo: Any, picture: Callable[[Page, str], None]
) -> None:
    page, wrong, base = admin.new_page(), [], demo.settings.airflow_url
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" and PREFIX in said.location["url"] else None)
    page.on("request", lambda request: wrong.append(request.url) if not request.url.startswith((base, "data:", "blob:")) else None)
    page.goto(base)
    page.get_by_role("link", name="Lakehouse").click()
    page.wait_for_url(f"{base}/{PAGE_ROUTE}")
    frame = framed(page, "Lakehouse")
    expect(frame.locator("#message")).to_be_empty()

    told = overview(admin, demo)
    states = [cell["state"] for row in told["partitions"] for cell in row["cells"]]
    assert "complete" in states
    assert frame.locator("#partitions td button").evaluate_all("cells => cells.map(cell => cell.className)") == states
    expect(frame.locator("#lag")).to_contain_text("records")
    assert wrong == []
    picture(page, "lakehouse-page")
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_either_theme_of_the_ui_nothing_keeps_people_out(
    admin: BrowserContext, demo: Any, barriers: Barriers, missing_day: str, theme: str
) -> None:
    page = admin.new_page()
    page.goto(f"{demo.settings.airflow_url}/{PAGE_ROUTE}")
    frame = framed(page, "Lakehouse")
    page.evaluate("theme => localStorage.setItem('theme', theme)", theme)
    expect(frame.locator("html")).to_have_attribute("data-theme", theme)
    expect(frame.locator("body")).to_have_css("background-color", {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 17, 19)"}[theme])
    assert barriers(frame) == []

    hole = find_hole(overview(admin, demo), missing_day)
    frame.locator("#partitions tbody tr").nth(hole.row).locator("td button").nth(hole.column).click()
    expect(frame.get_by_role("dialog")).to_be_visible()
    assert barriers(frame) == []
    page.close()


def test_axe_finds_a_barrier_where_there_is_one(admin: BrowserContext, demo: Any, barriers: Barriers) -> None:
    page = shown(admin.new_page(), demo)
    page.evaluate("document.querySelector('#refresh').textContent = ''")
    assert [each.split(":")[0] for each in barriers(page, is_control=True)] == ["button-name"]
    page.close()


def test_a_viewer_sees_the_page_and_is_told_why_a_repair_is_refused(viewer: BrowserContext, demo: Any, missing_day: str) -> None:
    page = shown(viewer.new_page(), demo)
    hole = find_hole(overview(viewer, demo), missing_day)
    to_cell(page, hole)
    page.keyboard.press("Enter")
    with page.expect_response("**/api/v2/backfills") as answer:
        page.keyboard.press("Enter")
    assert answer.value.status == 403
    expect(page.locator("#message")).to_contain_text("The repair was not done: your account lacks the right to do this (Forbidden)")


def test_a_repair_is_begun_by_keys_alone_and_seen_through(
    admin: BrowserContext, demo: Any, missing_day: str, found: dict[str, Any]
) -> None:
    page = shown(admin.new_page(), demo)
    hole = find_hole(overview(admin, demo), missing_day)
    to_cell(page, hole)
    page.keyboard.press("Enter")
    expect(page.locator("#repair")).to_be_focused()
    with page.expect_response("**/api/v2/backfills") as answer:
        page.keyboard.press("Enter")
    assert answer.value.status == 200
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.locator("#message")).to_have_text(re.compile(r": done$"), timeout=REPAIRED_MS)

    backfill = answer.value.json()
    with demo.airflow() as api:
        assert api.backfill_state(backfill["id"])["completed_at"] is not None
        runs = [run for run in api.runs(hole.dag_id) if run["run_type"] == "backfill" and run["logical_date"] == backfill["from_date"]]
    assert [run["state"] for run in runs] == ["success"]
    found["backfill_from_page"] = True
    page.close()


def test_a_run_has_a_tab_of_what_it_read_and_published(admin: BrowserContext, demo: Any, barriers: Barriers) -> None:
    with demo.airflow() as api:
        runs = [run for dag_id in ("build_daily", "build_hourly") for run in api.runs(dag_id) if run["state"] == "success"]
    page = admin.new_page()
    page.goto(f"{demo.settings.airflow_url}/dags/{runs[0]['dag_id']}/runs/{quote(runs[0]['dag_run_id'])}")
    page.locator("a[href$='/plugin/lakehouse-run']").click(timeout=SOON_MS)
    frame = framed(page, "Data")
    expect(frame.locator("#now")).to_contain_text("bronze.events, version")
    assert barriers(frame) == []
    page.close()
