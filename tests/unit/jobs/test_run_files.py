"""A run's small files: whole or absent, and gone when the run is."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from playhead.io.run_files import read_json, remove_older, remove_tree, run_directory, staging_path, write_json


def test_json__comes_back_and_absent_is_none(tmp_path: Path) -> None:
    path = f"{run_directory(str(tmp_path), 'run')}/plan.json"

    assert read_json(path) is None
    write_json(path, {"hours": ["a"]})
    write_json(path, {"hours": ["b"]})
    assert read_json(path) == {"hours": ["b"]}
    assert [p.name for p in Path(path).parent.iterdir()] == ["plan.json"]


def test_run_directory__an_airflow_run_id_is_a_safe_path(tmp_path: Path) -> None:
    run_id = "scheduled__2026-01-31T05:00:00+00:00"

    assert run_directory("lake", run_id) == "lake/_runs/scheduled__2026-01-31T05-00-00-00-00"
    assert staging_path("lake", "../x", "silver.playbacks") == "lake/_staging/..-x/silver.playbacks"


def test_remove__leaves_nothing_and_may_be_repeated(tmp_path: Path) -> None:
    write_json(str(tmp_path / "run" / "plan.json"), {})

    remove_tree(str(tmp_path / "run"))
    remove_tree(str(tmp_path / "run"))

    assert not (tmp_path / "run").exists()


def test_remove_older__takes_only_what_is_abandoned(tmp_path: Path) -> None:
    for name in ("old", "new"):
        write_json(str(tmp_path / name / "plan.json"), {})
    os.utime(tmp_path / "old", (0, 0))

    assert remove_older(str(tmp_path), timedelta(days=3)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert remove_older(str(tmp_path / "nowhere"), timedelta(days=3)) == 0
