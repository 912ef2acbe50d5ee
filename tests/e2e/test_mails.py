"""The mails of the demo's stack as a reader sees them in Chromium: wide and narrow, light and dark, and asking nobody for anything."""

from __future__ import annotations

import email
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from playhead.deadlines.letters import Addresses, compose
from playhead.deadlines.notices import Kind, Notice
from playhead.deadlines.promises import promises

MISSING = [name for name in ("chromium", "npm") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        bool(MISSING) and not os.environ.get("CI"), reason=f"needs {', '.join(MISSING)}: apt-get install {' '.join(MISSING)}"
    ),
]
WIDE, NARROW = 800, 390


@pytest.fixture(scope="module")
def digest(demo: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digest as it is mailed, with its pictures inside."""
    page = tmp_path_factory.mktemp("digest") / "digest.html"
    demo.playhead("digest", "--send", "--html", str(page))
    return page


def newest(demo: Any, subject: str) -> EmailMessage:
    """The newest mail in the sink whose subject says so."""
    files = sorted((path for path in (demo.home / "mail" / "new").iterdir()), key=lambda path: path.stat().st_mtime)
    mails = [email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
    return [mail for mail in mails if subject in mail["Subject"]][-1]  # type: ignore[return-value]


def test_the_digest_tells_the_numbers_that_the_views_do(demo: Any, digest: Path) -> None:
    assert digest.is_file()
    (kpis,) = demo.query("SELECT KPI_DATE, DAILY_ACTIVE_USERS FROM BI.V_EXECUTIVE_KPIS")
    mail = newest(demo, "daily digest")
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert f"{kpis['KPI_DATE']}, against " in text
    assert f"Active viewers{kpis['DAILY_ACTIVE_USERS']:>16,}" in text
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert [picture["Content-ID"] for picture in pictures] == ["<days>", "<scores>"]


@pytest.fixture
def html_of(demo: Any, digest: Path) -> Callable[[str], str]:
    """What a kind of mail has for readers of HTML."""

    def html_of(name: str) -> str:
        if name == "digest":
            return digest.read_text(encoding="utf-8")
        return str(newest(demo, name).get_body(("html",)).get_content())  # type: ignore[union-attr]

    return html_of


@dataclass(frozen=True)
class Reader:
    """Somebody's mail reader, and what it has asked for."""

    page: Page
    scheme: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture(params=["light", "dark"])
def reader(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Reader]:
    reader = Reader(browser.new_page(viewport={"width": WIDE, "height": 600}, color_scheme=request.param), request.param)
    reader.page.on("request", lambda request: reader.asked.append(request.url))
    yield reader
    reader.page.close()


@pytest.mark.parametrize("name", ["digest", "missed", "recovered"])
def test_a_mail_is_readable_by_everyone(
    html_of: Callable[[str], str], reader: Reader, barriers: Callable[..., list[str]], picture: Callable[..., None], found: Any, name: str
) -> None:
    page = reader.page
    page.set_content(html_of(name))
    assert barriers(page) == []
    assert [url for url in reader.asked if not url.startswith("data:")] == [], "nobody is told that a mail was read"
    page.set_viewport_size({"width": WIDE, "height": page.evaluate("document.documentElement.scrollHeight")})
    picture(page, name if reader.scheme == "light" else f"{name}-dark")
    page.set_viewport_size({"width": NARROW, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, "one would have to scroll sideways on a phone"
    found["mails_checked"] += 1


@pytest.mark.parametrize("kind", ["missed", "recovered"])
def test_a_mail_about_any_table_fits_a_phone(reader: Reader, kind: Kind) -> None:
    due = datetime(2026, 11, 20, 10, tzinfo=UTC)
    notices = [Notice(kind, table, "2026-11-20T08", due, "owner@playhead.example", due + timedelta(days=3)) for table in promises()]
    ((mail, _),) = compose(notices, Addresses("from@playhead.example", [], "http://localhost"), now=due + timedelta(days=9))
    reader.page.set_content(mail.letter.html)
    reader.page.set_viewport_size({"width": NARROW, "height": 800})
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= NARROW
