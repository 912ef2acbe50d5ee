"""Every command that README and docs show is run on the demo's stack. Last in this directory: some of them change what there is."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
_BLOCK = re.compile(r"^```(?:bash|console)\n(.*?)^```", re.DOTALL | re.MULTILINE)
# Command, or how it begins: why it is not run here, and what runs it.
ELSEWHERE = {
    "make demo": "the fixture `demo` runs the same, smaller",
    "make test": "runs this",
    "make notebook": "tests/warehouse/test_notebook.py, on a warehouse of its own",
    ".venv/bin/papermill": "tests/warehouse/test_notebook.py, with parameters",
    "PLAYHEAD_PROFILE=production make notebook": "needs a Snowflake account",
    "playhead demo": "the fixture `demo` runs the same, smaller",
    "playhead down": "the fixture `demo` does, at its end",
    "playhead contracts check": "make check, against the commit before",
    "playhead backfill --from 2026-11-01 --to 2026-11-07 --verify": "test_demo.py, of one day",
    "playhead backfill --from 2026-11-01T05": "test_lakehouse_page.py repairs by the hour",
    "playhead simulate": "the fixture `demo` does; other viewers than the demo's would be somebody else's",
    "playhead play-real": "test_demo.py, for two plays",
    "playhead bi-files": "needs a Snowflake account; tests/unit/warehouse, for one that is made up",
    "snow ": "needs a Snowflake account",
    "cd include/dashboard": "for the commands that need a Snowflake account",
}
# They go on until they are ended.
ENDLESS = {"playhead logs kafka --lines 200 --follow"}
_ENDLESS_S = 6.0
ANSWERS = {0, 1}  # 1: the answer is no


def written() -> list[str]:
    """The commands of all blocks, each once, in the order of the files."""
    files = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    blocks = [block for file in files for block in _BLOCK.findall(file.read_text(encoding="utf-8"))]
    lines = [re.split(r"\s+#", line)[0].strip() for block in blocks for line in block.splitlines()]
    return list(dict.fromkeys(line for line in lines if line))


COMMANDS = [line for line in written() if not line.startswith(tuple(ELSEWHERE))]


@pytest.fixture
def desk(demo: Any, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """Where a reader types: a directory of one's own, with a home that nothing else uses."""
    (tmp_path / "docs").mkdir()
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    cache = str(demo.settings.cache_dir.expanduser().resolve())
    return tmp_path, demo.environment | {"PATH": tools, "HOME": str(tmp_path), "PLAYHEAD_CACHE_DIR": cache}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_written_command_does_what_it_says(command: str, desk: tuple[Path, dict[str, str]], found: dict[str, Any]) -> None:
    directory, environment = desk
    arguments = [str(directory / each[2:]) if each.startswith("~/") else each for each in shlex.split(command)]
    with subprocess.Popen(
        arguments,
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            told, _ = process.communicate(timeout=_ENDLESS_S if command in ENDLESS else 600)
        except subprocess.TimeoutExpired:
            assert command in ENDLESS, "it does not end"
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=60)
        else:
            assert process.returncode in ANSWERS, told
            assert command not in ENDLESS, told
    found["docs_blocks_run"] += 1


def test_what_is_run_elsewhere_is_written_somewhere() -> None:
    """An exception for a command that nobody shows any more would hide the next one that begins so."""
    assert [start for start in ELSEWHERE if not any(line.startswith(start) for line in written())] == []
    assert set(ENDLESS) <= set(written())
    assert len(COMMANDS) > 40
