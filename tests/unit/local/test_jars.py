"""Jars: pinned, verified, and only the lean set on Spark's class path."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from playhead.errors import StackError
from playhead.local import jars
from playhead.local.jars import GROUPS, Jar, ensure_jars, locked_jars, verify

CONTENT = b"a jar"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def _jar(sha256: str = SHA256) -> Jar:
    return Jar("org.example", "thing", "1.0", sha256)


def test_verify__the_pinned_content_passes(tmp_path: Path) -> None:
    (tmp_path / "thing-1.0.jar").write_bytes(CONTENT)
    verify(tmp_path / "thing-1.0.jar", _jar())


def test_verify__one_changed_byte_is_an_error_that_names_file_and_next_step(tmp_path: Path) -> None:
    path = tmp_path / "thing-1.0.jar"
    path.write_bytes(CONTENT[:-1] + b"R")
    with pytest.raises(StackError, match=r"thing-1\.0\.jar has sha256 .* delete the file and start again"):
        verify(path, _jar())


def test_ensure_jars__a_damaged_file_in_the_cache_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "locked_jars", lambda _group: [_jar()])
    directory = tmp_path / "jars" / "kafka"
    directory.mkdir(parents=True)
    (directory / "thing-1.0.jar").write_bytes(b"other")
    with pytest.raises(StackError, match="sha256"):
        ensure_jars(tmp_path, "kafka")


def test_ensure_jars__a_download_with_a_wrong_checksum_never_reaches_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download_something_else(missing: list[Jar], work: Path, _report: object) -> None:
        (work / missing[0].file_name).write_bytes(b"not what was pinned")

    monkeypatch.setattr(jars, "locked_jars", lambda _group: [_jar()])
    monkeypatch.setattr(jars, "_run_ivy", download_something_else)
    with pytest.raises(StackError, match="sha256"):
        ensure_jars(tmp_path, "kafka")
    assert [path.name for path in (tmp_path / "jars").rglob("*")] == ["kafka.lock", "kafka"] or not list(
        (tmp_path / "jars" / "kafka").iterdir()
    )


def test_ensure_jars__fetches_only_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []

    def download(missing: list[Jar], work: Path, _report: object) -> None:
        for jar in missing:
            fetched.append(jar.artifact)
            (work / jar.file_name).write_bytes(CONTENT)

    monkeypatch.setattr(jars, "locked_jars", lambda _group: [_jar(), Jar("org.example", "other", "2.0", SHA256)])
    monkeypatch.setattr(jars, "_run_ivy", download)
    (tmp_path / "jars" / "spark").mkdir(parents=True)
    (tmp_path / "jars" / "spark" / "thing-1.0.jar").write_bytes(CONTENT)

    paths = ensure_jars(tmp_path, "spark")

    assert fetched == ["other"]
    assert [path.name for path in paths] == ["thing-1.0.jar", "other-2.0.jar"]
    assert ensure_jars(tmp_path, "spark") == paths
    assert fetched == ["other"]


@pytest.mark.parametrize("group", GROUPS)
def test_lock__every_jar_has_a_coordinate_and_a_full_checksum(group: jars.Group) -> None:
    for jar in locked_jars(group):
        assert all((jar.organisation, jar.artifact, jar.version))
        assert len(bytes.fromhex(jar.sha256)) == 32


def test_lock__spark_gets_nothing_that_pyspark_ships_already() -> None:
    shipped = {path.name.rsplit("-", 1)[0] for path in (jars.pyspark_home() / "jars").glob("*.jar")}
    assert not {jar.artifact for jar in locked_jars("spark")} & shipped
