"""The dashboard in Chromium on the demo's stack: every page has its numbers, can be used by all, stays at home, and is there soon."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

MISSING = [name for name in ("chromium", "npm") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        bool(MISSING) and not os.environ.get("CI"), reason=f"needs {', '.join(MISSING)}: apt-get install {' '.join(MISSING)}"
    ),
]
PATHS = ("", "audience", "content", "quality", "ads", "revenue", "experiments", "recommendations", "churn")
FIRST_MS, PAINTED_WITHIN_MS = 60_000, 2_000
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


@pytest.fixture(scope="module", params=["light", "dark"])
def reader(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser whose user likes one of the themes."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, color_scheme=request.param)
    yield context
    context.close()


def shown(page: Page, demo: Any, path: str) -> None:
    """Open a page, and see it filled."""
    page.goto(f"http://127.0.0.1:{demo.settings.port('dashboard')}/{path}")
    expect(page.get_by_test_id("stMetric").first).to_be_visible(timeout=FIRST_MS)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=FIRST_MS)


@pytest.mark.parametrize("path", PATHS)
def test_page__is_filled_can_be_used_by_all_and_asks_nobody_else(
    reader: BrowserContext, demo: Any, barriers: Callable[[Page | Frame], list[str]], path: str
) -> None:
    page, strangers = reader.new_page(), []
    home = (f"http://127.0.0.1:{demo.settings.port('dashboard')}/", "data:", "blob:")
    page.on("request", lambda request: strangers.append(request.url) if not request.url.startswith(home) else None)
    shown(page, demo, path)
    assert page.get_by_test_id("stException").count() == 0
    expect(page.get_by_text("Data as of")).to_be_visible()
    assert barriers(page) == []
    assert strangers == []
    page.close()


def test_page__is_painted_soon_when_the_stack_is_warm(
    reader: BrowserContext, demo: Any, found: dict[str, Any], picture: Callable[[Page, str], None]
) -> None:
    page = reader.new_page()
    shown(page, demo, "")
    page.reload()
    expect(page.get_by_test_id("stMetric").first).to_be_visible(timeout=FIRST_MS)
    painted = page.evaluate(_PAINTED)
    found["dashboard_first_paint_ms"] = max(round(painted), found["dashboard_first_paint_ms"] or 0)
    assert painted < PAINTED_WITHIN_MS
    shown(page, demo, "")
    picture(page, "dashboard-dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "dashboard")
    page.close()
