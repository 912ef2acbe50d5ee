"""A small demo on a real stack of its own, once for all end-to-end tests: few viewers, few days, every part real; and a browser."""

from __future__ import annotations

import email
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from email import policy
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, sync_playwright

from playhead.io.airflow_api import AirflowApi
from playhead.io.snowflake import fetch_rows, warehouse_connection
from playhead.local.airflow_env import ADMIN, admin_password
from playhead.player.parts import ensure_npm_package, require_chromium
from playhead.settings import Settings

FOUND = pytest.StashKey[dict[str, Any]]()
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PORT_BASE = 23000
# For the pictures in the docs the demo is as large as a user's; else it is as small as the tests bear.
FOR_DOCS = bool(os.environ.get("PLAYHEAD_PICTURES"))
USERS, DAYS = (2000, 35) if FOR_DOCS else (100, 6)


class RunningDemo:
    """The stack after its demo: commands, warehouse and Airflow of it."""

    users, days = USERS, DAYS

    def __init__(self, home: Path) -> None:
        self.home = home
        self.settings = Settings(state_dir=home, port_base=PORT_BASE)
        # Every scheduled run misses its deadline, so that the mail can be seen.
        self.environment = {
            **os.environ,
            "PLAYHEAD_STATE_DIR": str(home),
            "PLAYHEAD_PORT_BASE": str(PORT_BASE),
            "PLAYHEAD_PROJECT_DIR": str(ROOT),
            "PLAYHEAD_DEADLINE_SCALE": "0",
        }

    def playhead(self, *arguments: str, timeout: float = 900) -> str:
        command = [sys.executable, "-m", "playhead.cli", "--debug", *arguments]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
        assert done.returncode == 0, f"playhead {' '.join(arguments)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def query(self, sql: str) -> list[dict[str, Any]]:
        with closing(warehouse_connection(self.settings)) as connection:
            return fetch_rows(connection, sql)

    def airflow(self) -> AirflowApi:
        return AirflowApi(self.settings.airflow_url, ADMIN, admin_password(self.home))

    def mails(self, subject: str) -> list[str]:
        """The texts of the mails in the sink whose subject says so."""
        files = [path for path in (self.home / "mail").rglob("*") if path.is_file()]
        mails = [email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
        return [mail.get_body(("plain",)).get_content() for mail in mails if subject in mail["Subject"]]

    @property
    def result(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "demo.json").read_text(encoding="utf-8"))
        return found


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    running = RunningDemo(tmp_path_factory.mktemp("e2e") / "state")
    try:
        running.playhead("demo", "--users", str(USERS), "--days", str(DAYS), "--no-real-player", timeout=1500)
        yield running
    finally:
        running.playhead("down")


@pytest.fixture(scope="session")
def found(pytestconfig: pytest.Config) -> dict[str, Any]:
    """What the tests of this directory found, for the line at their end."""
    counted = dict.fromkeys(("axe_serious", "mails_checked", "docs_blocks_run", "airflow_traps_covered"), 0)
    told = dict.fromkeys(("lakehouse_page_ms", "dashboard_first_paint_ms"))
    return pytestconfig.stash.setdefault(FOUND, counted | told | {"backfill_from_page": False})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line of JSON, where any of the tests of this directory ran."""
    if FOUND in config.stash:
        ended = {
            outcome: sum("tests/e2e/" in report.nodeid and report.when in whens for report in terminalreporter.stats.get(outcome, []))
            for outcome, whens in (("passed", ("call",)), ("failed", ("call",)), ("error", ("setup", "teardown")))
        }
        line = {"passed": ended["passed"], "failed": ended["failed"] + ended["error"], **config.stash[FOUND]}
        terminalreporter.write_line(json.dumps(line))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=require_chromium(), args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Page, str], None]:
    """Takes the pictures of the docs: into them where PLAYHEAD_PICTURES is set (`make pictures`), else into a directory that goes."""
    directory = ROOT / "docs" / "images" if FOR_DOCS else tmp_path_factory.mktemp("pictures")

    def take(page: Page, name: str) -> None:
        page.screenshot(path=directory / f"{name}.png")

    return take


@pytest.fixture(scope="session")
def barriers(found: dict[str, Any]) -> Callable[..., list[str]]:
    """Asks axe-core for what keeps people from using what is shown; a control's own barrier is not counted."""
    package, lock = ((HERE / name).read_text(encoding="utf-8") for name in ("package.json", "package-lock.json"))
    modules = ensure_npm_package(Settings().cache_dir.expanduser() / "axe", package, lock)
    axe = (modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8")

    def find(place: Page | Frame, *, is_control: bool = False) -> list[str]:
        place.evaluate(axe)
        seen = place.evaluate("tags => axe.run({ runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] })", WCAG)
        assert seen["passes"], "axe looked at nothing"
        wrong = [each for each in seen["violations"] if each["impact"] in {"serious", "critical"}]
        found["axe_serious"] += 0 if is_control else len(wrong)
        return [f"{each['id']}: {node['html']} {node['failureSummary']}" for each in wrong for node in each["nodes"]]

    return find
