"""The commands of the Debian package prometheus, and the files that tests hold against the exporter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import yaml

from playhead.collector.metrics import Metrics
from playhead.local.system_packages import find_unpacked
from playhead.observability.metrics import METRICS
from playhead.settings import get_settings

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules"


def _command(name: str) -> Path:
    found = find_unpacked(name, get_settings().cache_dir)
    if found is None:
        pytest.skip(f"{name} is not here: make system, or apt-get install prometheus")
    return Path(found)


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Checks rules and runs their tests."""
    return _command("promtool")


@pytest.fixture(scope="session")
def prometheus() -> Path:
    """The server."""
    return _command("prometheus")


@pytest.fixture(scope="session")
def unknown_metrics() -> Callable[[Iterable[str]], set[str]]:
    """The metrics in expressions that neither exporter nor collector serves and no rule records."""
    suffixes = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
    known = {"up"} | {metric.name + suffix for metric in METRICS for suffix in suffixes[metric.kind]}
    for family in Metrics().registry.collect():
        known |= {family.name + suffix for suffix in ("_total", *suffixes[family.type])}
    groups = [group for file in RULES.glob("*.yml") for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    known |= {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}
    return lambda expressions: {name for text in expressions for name in re.findall(r"\bplayhead[\w:]+", text)} - known
