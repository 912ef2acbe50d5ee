"""Archives of classes with a real JVM: one that ends writes it, the next one reads from it, and a damaged one stops nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from playhead.local.class_archive import archive_options
from playhead.local.jars import ensure_jars
from playhead.local.java import require_java
from playhead.settings import Settings
from playhead.spark import classpath

_FROM_ARCHIVE = "source: shared objects file (top)"


def run(command: list[str], options: list[str]) -> str:
    """A short life of a JVM; what it says, with where each class came from."""
    # In a process of its own name, since an archive belongs to the process that writes it until that has ended.
    main = ["-Xlog:class+load=info", "kafka.tools.StorageTool", "random-uuid"]
    done = subprocess.run([*command, *options, *main], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def command() -> list[str]:
    return [str(require_java()), "-cp", classpath(ensure_jars(Settings().cache_dir, "kafka"))]


@pytest.fixture(scope="module")
def written(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a JVM has written on its end, under the name of a process that is no more."""
    options = archive_options(tmp_path_factory.mktemp("cache"), "tool", command)
    assert _FROM_ARCHIVE not in run(command, options)
    path = Path(options[0].removeprefix("-XX:ArchiveClassesAtExit="))
    return path.rename(path.with_suffix(".0"))


def copied(written: Path, cache: Path, content: bytes) -> Path:
    (cache / "classes").mkdir()
    (copy := cache / "classes" / written.name).write_bytes(content)
    return copy


def test_archive__the_next_jvm_reads_its_classes_from_it(written: Path, command: list[str], tmp_path: Path) -> None:
    copied(written, tmp_path, written.read_bytes())
    options = archive_options(tmp_path, "tool", command)
    assert run(command, options).count(_FROM_ARCHIVE) > 100


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.999])
def test_archive__a_torn_one_is_never_taken_over(written: Path, command: list[str], tmp_path: Path, kept: float) -> None:
    whole = written.read_bytes()
    torn = copied(written, tmp_path, whole[: int(len(whole) * kept)])
    assert archive_options(tmp_path, "tool", command)[0].startswith("-XX:ArchiveClassesAtExit=")
    assert not torn.exists()


def test_archive__one_with_a_wrong_byte_is_never_taken_over(written: Path, command: list[str], tmp_path: Path) -> None:
    content = bytearray(written.read_bytes())
    content[len(content) // 2] ^= 0xFF
    garbled = copied(written, tmp_path, bytes(content))
    assert archive_options(tmp_path, "tool", command)[0].startswith("-XX:ArchiveClassesAtExit=")
    assert not garbled.exists()


def test_archive__one_of_another_class_path_stops_nothing(written: Path, command: list[str]) -> None:
    foreign = [command[0], "-cp", classpath(ensure_jars(Settings().cache_dir, "kafka")[::-1])]
    said = run(foreign, ["-Xshare:auto", f"-XX:SharedArchiveFile={written}"])
    assert _FROM_ARCHIVE not in said
