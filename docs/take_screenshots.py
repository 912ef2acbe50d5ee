"""Takes pictures of Airflow's UI, the dashboard and the digest from the running stack: python docs/take_screenshots.py (needs Chromium)."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from playhead.io.airflow_api import AirflowApi
from playhead.local.airflow_env import ADMIN, admin_password
from playhead.player.parts import require_chromium
from playhead.settings import get_settings

IMAGES = Path(__file__).parent / "images"


def sign_in(page: Page, url: str, password: str) -> None:
    """Sign in as the admin."""
    page.goto(f"{url}/auth/login")
    page.fill("input[name=username]", ADMIN)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "login" not in address)


def take_dashboard(page: Page, url: str) -> None:
    """The page Executive, once it is filled."""
    page.goto(url)
    page.get_by_test_id("stDataFrame").first.wait_for(timeout=60_000)
    page.wait_for_selector("[data-test-script-state=notRunning]")
    page.screenshot(path=IMAGES / "dashboard.png")


def take_digest(page: Page) -> None:
    """The daily digest, as it is now."""
    with tempfile.TemporaryDirectory() as directory:
        html = Path(directory, "digest.html")
        subprocess.run([sys.executable, "-m", "playhead.cli", "digest", "--html", str(html)], check=True)
        page.goto(html.as_uri())
        page.screenshot(path=IMAGES / "digest.png", full_page=True)


def main() -> None:
    """Sign in, and take the list of DAGs, the newest build_daily run, the dashboard's first page and the digest."""
    settings = get_settings()
    password = admin_password(settings.home)
    with AirflowApi(settings.airflow_url, ADMIN, password) as api:
        run_id = api.runs("build_daily")[0]["dag_run_id"]
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=require_chromium(), args=arguments)
        page = browser.new_page(viewport={"width": 1400, "height": 800})
        sign_in(page, settings.airflow_url, password)
        for name, path in {"airflow-dags": "/dags", "airflow-build-daily": f"/dags/build_daily/runs/{run_id}"}.items():
            page.goto(settings.airflow_url + path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=IMAGES / f"{name}.png")
        take_dashboard(browser.new_page(viewport={"width": 1400, "height": 1150}), f"http://127.0.0.1:{settings.port('dashboard')}")
        take_digest(browser.new_page(viewport={"width": 760, "height": 600}))
        browser.close()


if __name__ == "__main__":
    main()
