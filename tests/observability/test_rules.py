"""Recording and alerting rules: valid, tried by promtool with series that fire and that do not, and each with its runbook."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULE_FILES = sorted((PROMETHEUS / "rules").glob("*.yml"))
TEST_FILES = sorted((PROMETHEUS / "tests").glob("*.yml"))
RULES: list[dict[str, Any]] = [
    rule for file in RULE_FILES for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
UnknownMetrics = Callable[[Iterable[str]], set[str]]
RUNBOOKS = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")


def run(command: Path, *arguments: str | Path) -> str:
    done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_accepts_the_rules_and_the_configuration(promtool: Path) -> None:
    run(promtool, "check", "rules", *RULE_FILES)
    run(promtool, "check", "config", PROMETHEUS / "prometheus.yml")


@pytest.mark.parametrize("file", TEST_FILES, ids=lambda file: file.stem)
def test_rules_do_what_their_tests_say(promtool: Path, file: Path) -> None:
    assert "SUCCESS" in run(promtool, "test", "rules", file)


def test_the_tests_of_rules_can_fail(promtool: Path, tmp_path: Path) -> None:
    """Negative control: an alert that waits for ten times the silence does not fire when it should."""
    for name in ("rules", "tests"):
        (tmp_path / name).mkdir()
    for file in (*RULE_FILES, *TEST_FILES):
        text = file.read_text(encoding="utf-8").replace("heartbeat_age_seconds > 30", "heartbeat_age_seconds > 300")
        (tmp_path / file.parent.name / file.name).write_text(text, encoding="utf-8")
    done = subprocess.run([promtool, "test", "rules", tmp_path / "tests" / "stream.yml"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "StreamSilent" in done.stdout + done.stderr


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_alert_is_tried_both_ways(alert: str) -> None:
    cases = [
        case
        for file in TEST_FILES
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]
        for case in test.get("alert_rule_test", [])
        if case["alertname"] == alert
    ]
    assert any(case["exp_alerts"] for case in cases), "no case in which it fires"
    assert any(not case["exp_alerts"] for case in cases), "no case in which it must not fire"


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_alert_links_a_section_of_the_runbooks(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["runbook"] == f"docs/runbooks.md#{alert.lower()}"
    section = RUNBOOKS.split(f"\n## {alert}\n")[1].split("\n## ")[0]
    assert [word for word in ("**Means**", "**Look at**", "**Do**") if word not in section] == []


def test_runbooks_have_no_section_without_an_alert() -> None:
    assert re.findall(r"^## (\w+)$", RUNBOOKS, flags=re.MULTILINE) == list(ALERTS)


def test_every_metric_in_a_rule_is_the_exporters_or_a_recorded_one(unknown_metrics: UnknownMetrics) -> None:
    assert unknown_metrics(rule["expr"] for rule in RULES) == set()


def test_every_series_in_a_test_of_rules_is_the_exporters(unknown_metrics: UnknownMetrics) -> None:
    series = [s["series"] for f in TEST_FILES for t in yaml.safe_load(f.read_text(encoding="utf-8"))["tests"] for s in t["input_series"]]
    assert unknown_metrics(series) == set()


def test_an_unknown_metric_would_be_seen(unknown_metrics: UnknownMetrics) -> None:
    """Negative control."""
    known = "playhead_stream_rows_total + playhead:kafka_lag_records:sum + playhead_event_visible_seconds_count"
    assert unknown_metrics([known, "rate(playhead_gone_total[5m])"]) == {"playhead_gone_total"}
