"""Archives of classes: who writes one, who takes it over, and that nothing but a sound one is used. The JVM is a script here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from playhead.local.class_archive import archive_options

_JAVA = """#!/bin/sh
for option; do
    case "$option" in -XX:SharedArchiveFile=*) grep -q sound "${option#*=}" || exit 1 ;; esac
done
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """A `java` that starts with an archive whose content is `sound`, and a class path of two jars."""
    java, jars = tmp_path / "java", tmp_path / "jars"
    java.write_text(_JAVA)
    java.chmod(0o755)
    jars.mkdir()
    for name in ("a.jar", "b.jar"):
        (jars / name).write_text("classes")
    return [str(java), "-cp", str(jars / "*"), "-Xmx1g"]


@pytest.fixture
def ended_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def written_by(pid: int, cache: Path, command: list[str], content: str) -> Path:
    """What a JVM with this process id has written when it was asked to."""
    asked = Path(archive_options(cache, "server", command)[0].removeprefix("-XX:ArchiveClassesAtExit="))
    assert asked.suffix == f".{os.getpid()}", "each process writes a file of its own"
    path = asked.with_suffix(f".{pid}")
    path.write_text(content)
    return path


def test_archive_options__without_an_archive_the_jvm_writes_one_where_it_may(tmp_path: Path, command: list[str]) -> None:
    first = archive_options(tmp_path, "server", command)[0]
    assert first.startswith(f"-XX:ArchiveClassesAtExit={tmp_path}/classes/server-")
    assert archive_options(tmp_path, "server", command, may_record=False) == []


def test_archive_options__a_sound_archive_is_used_from_the_next_start_on(tmp_path: Path, command: list[str], ended_pid: int) -> None:
    written = written_by(ended_pid, tmp_path, command, "sound")
    for may_record in (True, False):
        used = archive_options(tmp_path, "server", command, may_record=may_record)
        assert used[:2] == ["-Xshare:auto", f"-XX:SharedArchiveFile={written.with_name(f'{written.stem}-5.jsa')}"]
    assert not written.exists()
    assert not any(option.startswith("-XX:SharedArchiveFile") for option in archive_options(tmp_path, "other", command))


def test_archive_options__one_that_is_not_sound_is_removed(tmp_path: Path, command: list[str], ended_pid: int) -> None:
    written = written_by(ended_pid, tmp_path, command, "torn")
    assert archive_options(tmp_path, "server", command)[0].startswith("-XX:ArchiveClassesAtExit=")
    assert not written.exists()


def test_archive_options__one_that_has_lost_its_end_is_not_used(tmp_path: Path, command: list[str], ended_pid: int) -> None:
    written = written_by(ended_pid, tmp_path, command, "sound")
    archive = Path(archive_options(tmp_path, "server", command)[1].removeprefix("-XX:SharedArchiveFile="))
    archive.write_text("soun")
    assert archive_options(tmp_path, "server", command)[0].startswith("-XX:ArchiveClassesAtExit=")
    written.write_text("sound")
    archive_options(tmp_path, "server", command)
    assert archive.read_text() == "sound", "the next one takes its place"


def test_archive_options__one_that_is_still_being_written_is_left_alone(tmp_path: Path, command: list[str]) -> None:
    written = written_by(os.getppid(), tmp_path, command, "sound")
    assert archive_options(tmp_path, "server", command)[0].startswith("-XX:ArchiveClassesAtExit=")
    assert written.exists()


def test_archive_options__other_jars_java_or_options_make_another(tmp_path: Path, command: list[str]) -> None:
    def asked() -> str:
        return archive_options(tmp_path, "server", command)[0].rpartition(".")[0]

    seen = [asked()]
    assert asked() == seen[0], "the same command has the same archive"
    (tmp_path / "jars" / "b.jar").write_text("other classes")
    seen.append(asked())
    (tmp_path / "jars" / "c.jar").write_text("more classes")
    seen.append(asked())
    (tmp_path / "java").write_text("#!/bin/sh\n")
    seen.append(asked())
    command[-1] = "-Xmx2g"
    seen.append(asked())
    assert len(set(seen)) == len(seen)


def test_archive_options__the_oldest_of_many_go(tmp_path: Path, command: list[str], ended_pid: int) -> None:
    written = written_by(ended_pid, tmp_path, command, "sound")
    for age, name in enumerate(("server-1", "server-2", "server-3", "other-1")):
        (old := written.with_name(f"{name}.jsa")).touch()
        os.utime(old, (age, age))
    archive_options(tmp_path, "server", command)
    left = {path.name for path in written.parent.glob("*.jsa")}
    assert left == {f"{written.stem}-5.jsa", "server-3.jsa", "server-2.jsa", "other-1.jsa"}
