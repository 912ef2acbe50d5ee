"""The JVM of the streaming app: who starts it, and how it ends. The JVM is a script here."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from playhead.errors import StackError
from playhead.local import spark_jvm
from playhead.local import stream_jvm as module
from playhead.local.stream_jvm import stream_jvm
from playhead.spark import _dialled

# Tells port 4711 and the secret `word` as Spark does, waits for the end of its input, and leaves a mark when that has come.
_JAVA = r"""#!/bin/sh
printf '\000\000\022\147\000\000\000\004word' > "$_PYSPARK_DRIVER_CONN_INFO_PATH.part"
mv "$_PYSPARK_DRIVER_CONN_INFO_PATH.part" "$_PYSPARK_DRIVER_CONN_INFO_PATH"
cat > /dev/null
echo "$@" > "$MARK"
"""


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the JVM leaves when it has ended in order."""
    java = tmp_path / "java"
    java.write_text(_JAVA)
    java.chmod(0o755)
    monkeypatch.setattr(module, "java_binary", lambda: java)
    monkeypatch.setattr(spark_jvm, "ensure_jars", lambda *_: [])
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))
    for name in module._SPARKS_OWN:
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "mark"


def test_stream_jvm__it_is_dialled_while_the_session_is_made_and_ends_in_order(mark: Path, tmp_path: Path) -> None:
    with stream_jvm(tmp_path, may_record=False) as gateway:
        assert gateway is not None
        assert gateway() == (4711, "word")
        with _dialled(gateway):
            assert _variables() == {"PYSPARK_GATEWAY_PORT": "4711", "PYSPARK_GATEWAY_SECRET": "word"}
        assert _variables() == {}, "the secret is not handed on"
        assert not mark.exists()
    assert "-Xmx2g -XX:G1HeapRegionSize=8m" in mark.read_text(), "with regions of 1 MB most batches would stop it"


def run(cache: Path, fail: Callable[[], None]) -> None:
    """An app that waits for its JVM, then does this."""
    with stream_jvm(cache, may_record=True) as gateway:
        assert gateway is not None
        gateway()
        fail()


def test_stream_jvm__one_whose_app_failed_ends_at_once_and_writes_nothing(mark: Path, tmp_path: Path) -> None:
    def fail() -> None:
        raise StackError("table and checkpoint do not belong together")

    with pytest.raises(StackError, match="do not belong together"):
        run(tmp_path, fail)
    assert not mark.exists()


def test_stream_jvm__one_that_does_not_start_is_told_of(mark: Path, tmp_path: Path) -> None:
    mark.with_name("java").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(StackError, match="ended with 3"):
        run(tmp_path, lambda: None)


@pytest.mark.parametrize("name", module._SPARKS_OWN)
def test_stream_jvm__sparks_own_configuration_has_spark_start_it(
    mark: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "/etc/spark")
    monkeypatch.setattr(subprocess, "Popen", None)
    with stream_jvm(tmp_path, may_record=False) as gateway:
        assert gateway is None


def _variables() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("PYSPARK_GATEWAY_")}
