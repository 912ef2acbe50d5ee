"""The doctor names what is missing and how to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from playhead.local import doctor
from playhead.local.doctor import Finding, check_command, check_disk, check_java, check_memory, check_python, passed
from playhead.settings import Settings

GIB = 2**30


@pytest.mark.parametrize(("version", "ok"), [((3, 10), False), ((3, 11), True), ((3, 12), True), ((3, 13), False)])
def test_check_python(version: tuple[int, int], ok: bool) -> None:
    finding = check_python(version)
    assert finding.ok is ok
    assert bool(finding.remedy) is not ok


def test_check_java__missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = check_java()
    assert (finding.ok, finding.required, finding.detail) == (False, True, "there is no java on the PATH")
    assert "apt-get install openjdk-17-jre-headless" in finding.remedy


def test_check_command__missing_says_what_it_serves_and_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = check_command("ffmpeg", required=False, serves="the real player", remedy="apt-get install ffmpeg")
    assert (finding.ok, finding.detail, finding.remedy) == (False, "not found; serves the real player", "apt-get install ffmpeg")


def test_check_disk(tmp_path: Path) -> None:
    assert check_disk(tmp_path, needed=1).ok
    full = check_disk(tmp_path, needed=10**18)
    assert not full.ok
    assert "PLAYHEAD_STATE_DIR" in full.remedy


def test_check_memory__too_little_is_a_warning_only() -> None:
    finding = check_memory(2 * GIB, 8 * GIB)
    assert (finding.ok, finding.required) == (False, False)
    assert check_memory(8 * GIB, 8 * GIB).ok


def test_passed__only_required_ones_count() -> None:
    optional = Finding("chromium", False, False, "not found", "apt-get install chromium")
    required = Finding("Java", False, True, "not found", "install Java 17")
    assert passed([optional])
    assert not passed([optional, required])


def test_examine__names_every_prerequisite(tmp_path: Path) -> None:
    names = [finding.name for finding in doctor.examine(Settings(state_dir=tmp_path))]
    assert {"Python", "Java", "make", "checkout", "disk", "memory", "ports", "ffmpeg", "npm"} <= set(names)
