"""Java: found, of the right release, or one line that says how to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from playhead.errors import StackError
from playhead.local.java import java_binary, parse_java_version, require_java


@pytest.mark.parametrize(
    ("said", "release"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_402"', 8),
    ],
)
def test_parse_java_version(said: str, release: int) -> None:
    assert parse_java_version(said) == release


def test_java_binary__none_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match=r"no java on the PATH; install Java 17 .*openjdk-17"):
        java_binary()


def test_java_binary__a_wrong_java_home_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(StackError, match=f"JAVA_HOME={tmp_path} holds no bin/java"):
        java_binary()


def test_require_java__an_old_release_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(StackError, match="is Java 11, Spark needs 17 or 21"):
        require_java()
