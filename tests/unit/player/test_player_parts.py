"""The player's parts without a browser: what is missing is named, what is served is only the stream, a stall is a real delay."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest

from playhead.errors import StackError
from playhead.player.parts import CONTENT_ID, TITLE, add_title, ensure_hls, ensure_npm_package, ensure_stream, require_chromium
from playhead.player.play import play
from playhead.player.server import create_app


@pytest.fixture
def bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where nothing is installed."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


@pytest.mark.usefixtures("bare_path")
def test_player__what_is_missing_is_named_with_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"needs Chromium.*apt-get install chromium ffmpeg npm"):
        require_chromium()
    with pytest.raises(StackError, match=r"ffmpeg is not on PATH.*apt-get install chromium ffmpeg npm"):
        ensure_stream(tmp_path)
    with pytest.raises(StackError, match=r"npm is not on PATH.*apt-get install chromium ffmpeg npm"):
        ensure_hls(tmp_path)


def test_player__without_a_collector_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playhead.player.play.require_chromium", lambda: "chromium")
    monkeypatch.setattr("playhead.player.play.ensure_stream", lambda home: home)
    monkeypatch.setattr("playhead.player.play.ensure_hls", lambda cache_dir: cache_dir)
    with pytest.raises(StackError, match=r"no collector answers at http://127.0.0.1:9 .*playhead up"):
        play(1, home=tmp_path, cache_dir=tmp_path, collector="http://127.0.0.1:9", port=1)


def test_player__title_joins_the_catalogue(tmp_path: Path) -> None:
    catalogue = tmp_path / "catalogue.json"
    catalogue.write_text('{"t-1": {"content_title": "One"}}', encoding="utf-8")
    add_title(tmp_path)
    add_title(tmp_path)
    assert json.loads(catalogue.read_text(encoding="utf-8")) == {"t-1": {"content_title": "One"}, CONTENT_ID: TITLE}


def test_player__npm_packages_are_installed_again_only_by_another_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\necho $1 >> {tmp_path}/calls\nmkdir -p node_modules/one\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:{os.environ['PATH']}")
    for lock in ("a", "a", "b"):
        modules = ensure_npm_package(tmp_path / "home", '{"dependencies": {"one": "1.0.0"}}', lock)
    assert (modules / "one").is_dir()
    assert (tmp_path / "calls").read_text() == "ci\nci\n"
    (modules / "one").rmdir()
    ensure_npm_package(tmp_path / "home", '{"dependencies": {"one": "1.0.0"}}', "b")
    assert (tmp_path / "calls").read_text() == "ci\nci\nci\n", "what is missing is fetched"


def test_player__lock_file_pins_hls_and_names_no_registry() -> None:
    lock = files("playhead.player").joinpath("package-lock.json").read_text(encoding="utf-8")
    assert json.loads(lock)["packages"]["node_modules/hls.js"]["version"].startswith("1.7.")
    assert "integrity" in lock
    assert "resolved" not in lock


def fetch(media: Path, path: str) -> tuple[int, float]:
    """Status and seconds of one request to the player's server."""

    async def ask() -> tuple[int, float]:
        results: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        transport = httpx.ASGITransport(create_app(media, media / "hls.js", results))
        async with httpx.AsyncClient(transport=transport, base_url="http://player") as client:
            began = time.monotonic()
            answer = await client.get(path)
            return answer.status_code, time.monotonic() - began

    return asyncio.run(ask())


def test_player_server__stall_holds_back_one_segment_only(tmp_path: Path) -> None:
    media = tmp_path / "media"
    (media / "v0").mkdir(parents=True)
    for number in ("001", "002"):
        (media / "v0" / f"{number}.ts").write_bytes(b"x")
    assert fetch(media, "/media/stall-2-0.6/v0/002.ts")[1] >= 0.6
    assert fetch(media, "/media/stall-2-0.6/v0/001.ts")[1] < 0.6
    assert fetch(media, "/media/smooth/v0/002.ts")[1] < 0.6


@pytest.mark.parametrize("path", ["/media/smooth/none.ts", "/media/hurry/v0/001.ts", "/media/smooth/%2e%2e/secret", "/media/smooth/"])
def test_player_server__serves_only_the_stream(tmp_path: Path, path: str) -> None:
    media = tmp_path / "media"
    media.mkdir()
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    assert fetch(media, path)[0] == 404
