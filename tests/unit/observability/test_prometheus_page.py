"""docs/prometheus.md is what the code says now."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from playhead.cli import app
from playhead.observability.metrics import METRICS

PAGE = Path(__file__).parents[3] / "docs" / "prometheus.md"


def test_committed_page__is_the_derived_one(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["prometheus", "--write", str(tmp_path / "prometheus.md")])
    assert outcome.exit_code == 0, outcome.output
    assert PAGE.read_text(encoding="utf-8") == (tmp_path / "prometheus.md").read_text(encoding="utf-8"), "run `make contracts`"


def test_prometheus__lists_those_of_exporter_collector_and_serving() -> None:
    told = CliRunner().invoke(app, ["prometheus"], env={"COLUMNS": "200"}).output
    assert [metric.name for metric in METRICS if metric.name not in told] == []
    assert "playhead_collector_given_total" in told
    assert "playhead_serving_answers_total" in told
