"""`playhead simulate`, to files: no broker is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from playhead.cli_simulate import app
from playhead.errors import BrokerError, SettingsError
from playhead.settings import get_settings

SMALL = ["--users", "10", "--titles", "5", "--days", "2"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("PLAYHEAD_KAFKA_BOOTSTRAP", "127.0.0.1:9")  # nothing listens on the discard port
    get_settings.cache_clear()
    yield tmp_path / "home"
    get_settings.cache_clear()


def test_simulate__json_summary_counts_what_the_files_hold(home: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*SMALL, "--output", "parquet", "--dir", str(tmp_path / "raw"), "--json"])
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    rows = sum(parquet.read_metadata(path).num_rows for path in (tmp_path / "raw").glob("*.parquet"))
    assert summary["records"] == summary["sent_now"] == rows > 0
    kept = json.loads((home / "simulator" / "simulation.json").read_text(encoding="utf-8"))
    assert kept["anchor"] == summary["last_day"]
    assert kept["options"]["users"] == 10


def test_simulate__shows_a_table_for_people(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*SMALL, "--output", "jsonl", "--dir", str(tmp_path / "raw")])
    assert result.exit_code == 0, result.output
    assert "synthetic records" in result.stdout
    assert "video_play" in result.stdout


def test_simulate__files_need_a_directory() -> None:
    result = CliRunner().invoke(app, [*SMALL, "--output", "jsonl"])
    assert isinstance(result.exception, SettingsError)
    assert "--output jsonl needs --dir" in str(result.exception)


def test_simulate__a_dead_broker_is_a_broker_error() -> None:
    result = CliRunner().invoke(app, [*SMALL, "--json"])
    assert isinstance(result.exception, BrokerError)
    assert "127.0.0.1:9" in str(result.exception)
