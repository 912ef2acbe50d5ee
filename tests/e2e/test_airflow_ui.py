"""Airflow's own UI in Chromium on the demo's stack, as operators use it: the DAGs, the graph of one, and the Data Docs of what it gated."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from playhead.lakehouse_page.mount import PREFIX
from playhead.local.airflow_env import ADMIN, admin_password

MISSING = [name for name in ("chromium", "npm") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        bool(MISSING) and not os.environ.get("CI"), reason=f"needs {', '.join(MISSING)}: apt-get install {' '.join(MISSING)}"
    ),
]
DAGS = ("build_daily", "build_hourly", "load_warehouse", "maintain", "recommend_titles", "retrain_churn", "stream_watch")
SOON_MS = 30_000


@pytest.fixture(scope="module")
def admin(browser: Browser, demo: Any) -> Iterator[BrowserContext]:
    """A browser that the admin has signed in with, as a person does."""
    context = browser.new_context(viewport={"width": 1400, "height": 800})
    page = context.new_page()
    page.goto(demo.settings.airflow_url)
    page.get_by_label("Username").fill(ADMIN)
    page.locator("input[type=password]").fill(admin_password(demo.home))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Lakehouse")).to_be_visible(timeout=SOON_MS)
    page.close()
    yield context
    context.close()


def test_the_list_of_dags_has_all_of_them_and_no_import_error(
    admin: BrowserContext, demo: Any, picture: Callable[[Page, str], None]
) -> None:
    page = admin.new_page()
    page.goto(f"{demo.settings.airflow_url}/dags")
    for dag in DAGS:
        expect(page.get_by_role("link", name=dag, exact=True).first).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_text(re.compile("Import Error", re.IGNORECASE))).to_have_count(0)
    picture(page, "airflow-dags")
    page.close()


def test_the_graph_of_a_run_shows_its_phases_done(admin: BrowserContext, demo: Any, picture: Callable[[Page, str], None]) -> None:
    with demo.airflow() as api:
        run = next(run for run in api.runs("build_daily") if run["state"] == "success")
    page = admin.new_page()
    page.goto(demo.settings.airflow_url)
    page.evaluate("localStorage.setItem('default_dag_view', JSON.stringify('graph'))")
    page.goto(f"{demo.settings.airflow_url}/dags/build_daily/runs/{run['dag_run_id']}")
    for phase in ("plan", "silver_events", "silver_plays", "gold", "audience", "record"):
        expect(page.locator(".react-flow__node").filter(has_text=phase).first).to_be_visible(timeout=SOON_MS)
    picture(page, "airflow-build-daily")
    page.close()


def test_a_score_leads_to_its_data_docs(admin: BrowserContext, demo: Any) -> None:
    page = admin.new_page()
    page.goto(f"{demo.settings.airflow_url}{PREFIX}/")
    expect(page.locator("main")).to_have_attribute("aria-busy", "false", timeout=SOON_MS)
    with admin.expect_page() as opened:
        page.get_by_role("link", name=re.compile("Data Docs of")).first.click()
    docs = opened.value
    expect(docs.get_by_text("Expectation Suite").first).to_be_visible(timeout=SOON_MS)
    expect(docs.get_by_text(re.compile("Succeeded", re.IGNORECASE)).first).to_be_visible(timeout=SOON_MS)
    docs.close()
    page.close()
