"""The docs as a site: every page in its place, no link that leads nowhere, nothing fetched from elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "mkdocs"), "build", "--strict", "-f", str(source / "mkdocs.yml"), "-d", str(site)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=source, env=environment)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the docs that a test may spoil."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    return tmp_path


def test_the_site_is_built_without_a_warning_and_asks_nobody(source: Path) -> None:
    done = build(source, source / "site")
    assert done.returncode == 0, done.stderr
    pages = {path: path.read_text(encoding="utf-8") for path in (source / "site").rglob("*.html")}
    assert len(pages) > 30
    fetched = {address for page in pages.values() for address in re.findall(r'(?:src|<link[^>]+href)="(https?://[^"]+)"', page)}
    assert fetched == set()


@pytest.mark.parametrize("spoilt", ["[gone](gone.md)", "[gone](cli.md#gone)"])
def test_a_link_that_leads_nowhere_is_found(source: Path, spoilt: str) -> None:
    page = source / "docs" / "index.md"
    page.write_text(f"{page.read_text(encoding='utf-8')}\n{spoilt}\n", encoding="utf-8")
    done = build(source, source / "site")
    assert done.returncode != 0
    assert "gone" in done.stderr
