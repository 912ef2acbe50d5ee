"""Each bench from end to end on little data: its contestants run and hold equal rows. Its figures mean nothing here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.registry import BENCHES

ROOT = Path(__file__).parents[2]
SIZES = {
    "alerts": 2_000,
    "churn": 1_000,
    "freshness": 4_000,
    "increment": 3_000,
    "ingest": 20_000,
    "load": 20_000,
    "page": 50,
    "rebuild": 3_000,
    "recommend": 500,
    "recover": 150_000,
    "silver": 3_000,
    "simulate": 20_000,
    "soak": 30,
}
ON_STACK = {"dag"}  # run on the stack of the end-to-end tests (tests/e2e/test_dag_bench.py)
ON_BATCH_ENGINE = {"churn", "increment", "rebuild", "silver", "soak"}


def test_every_bench_has_a_small_size_here() -> None:
    assert set(SIZES) | ON_STACK == set(BENCHES)


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by the benches, so that what they simulate is simulated once."""
    return tmp_path_factory.mktemp("state")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SIZES))
def test_bench_runs_from_end_to_end(name: str, state_dir: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    command = [sys.executable, "-m", "benchmarks", name, "--runs", "1", "--size", str(SIZES[name]), "--results", str(tmp_path / "results")]
    environment = os.environ | {"PLAYHEAD_STATE_DIR": str(state_dir)}
    if name in ON_BATCH_ENGINE:
        environment["PLAYHEAD_SPARK_REMOTE"] = request.getfixturevalue("spark_remote")
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=540)
    assert done.returncode == 0, done.stderr[-3000:]
    line = done.stdout.splitlines()[-1]
    result = json.loads(line)
    assert result["bench"] == name
    assert set(result["ratio"]) == set(result["peers"]) == set(BENCHES[name].goal.ratios)
    assert list(result["limited"]) == BENCHES[name].goal.limited
    assert [turn["figure"] > 0 for turn in result["runs"]] == [True] * (1 + len(result["peers"]))
    assert (tmp_path / "results" / f"{name}.json").read_text(encoding="utf-8") == line + "\n"
    assert f"## {name}" in (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
