"""The layers import one way only, read from the syntax trees: the data's way is visible in the imports too."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

PACKAGE = Path(__file__).parents[2] / "include" / "playhead"
DASHBOARD = PACKAGE.parent / "dashboard"
# What Snowflake has where it runs the app.
IN_SNOWFLAKE = {"altair", "pandas", "snowflake", "streamlit"}

# Package -> first-party packages and modules it may import (besides itself).
_BASE = {"errors", "contracts"}
_PURE = _BASE | {"quality"}
ALLOWED: dict[str, set[str]] = {
    "contracts": {"errors"},
    "events": _BASE,
    "alerts": _BASE,
    "bronze": _PURE | {"events"},
    "silver": _PURE,
    "gold": _PURE,
    "io": _BASE | {"settings", "spark"},
    "quality": _BASE | {"events", "io"},
    "churn": _BASE | {"gold"},
    "experiments": _BASE,
    "recommendations": _BASE,
    "history": _BASE | {"gold", "io"},
    "serving": _BASE | {"churn", "io", "jobs", "settings", "spark"},
    "collector": _BASE | {"events", "settings", "io"},
    "observability": _BASE | {"events", "io", "settings"},
    "mails": _BASE | {"io"},
    "deadlines": _BASE | {"io", "jobs", "mails", "observability", "settings"},
    "backfills": _BASE | {"io", "jobs", "quality", "settings"},
    "digest": _BASE | {"deadlines", "io", "mails", "settings"},
    "watcher": _BASE | {"deadlines", "digest", "observability", "settings"},
    "lakehouse_page": _BASE | {"deadlines", "io", "jobs", "observability", "settings"},
}
# These transform data and nothing else: no I/O, no settings, no clock, no Airflow.
PURE_PACKAGES = ("alerts", "bronze", "silver", "gold", "experiments", "contracts")
IMPURE_MODULES = {"airflow", "playhead.io", "playhead.settings", "playhead.jobs", "playhead.local", "os", "time", "requests", "httpx"}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _modules(package: str) -> list[Path]:
    return sorted((PACKAGE / package).rglob("*.py"))


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_packages_import_only_the_layers_below(package: str) -> None:
    wrong = {
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in _modules(package)
        for name in _imports(path)
        if name.startswith("playhead.") and name.split(".")[1] not in ALLOWED[package] | {package}
    }
    assert not wrong


@pytest.mark.parametrize("package", PURE_PACKAGES)
def test_pure_packages_touch_nothing_outside(package: str) -> None:
    wrong = {
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in _modules(package)
        for name in _imports(path)
        if any(name == impure or name.startswith(impure + ".") for impure in IMPURE_MODULES)
    }
    assert not wrong


def test_only_entry_points_read_the_settings() -> None:
    """Everything else takes values, so that a test needs no environment."""
    entry_points = {
        *("cli", "orchestration", "local", "collector", "jobs", "player", "settings", "demo", "observability", "lakehouse_page"),
        *("digest", "serving", "watcher"),
    }
    wrong = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "get_settings(" in path.read_text(encoding="utf-8")
        and not path.relative_to(PACKAGE).parts[0].removesuffix(".py").startswith(tuple(entry_points))
    }
    assert not wrong


def test_the_dashboard_runs_where_there_is_no_playhead() -> None:
    known = sys.stdlib_module_names | IN_SNOWFLAKE | {"bi"}
    wrong = {
        f"{path.relative_to(DASHBOARD)} imports {name}"
        for path in DASHBOARD.rglob("*.py")
        for name in _imports(path)
        if name.split(".")[0] not in known
    }
    assert not wrong


def test_the_dashboard_is_deployed_whole() -> None:
    """What is there beside what Snowflake is told to take would be missing in it."""
    told = yaml.safe_load((DASHBOARD / "snowflake.yml").read_text(encoding="utf-8"))["entities"]["playhead_dashboard"]["artifacts"]
    there = {path.name for path in DASHBOARD.iterdir() if path.name not in {"__pycache__", "snowflake.yml"}}
    assert {Path(artifact).parts[0] for artifact in told} == there
    packages = yaml.safe_load((DASHBOARD / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert {package.split("=")[0] for package in packages} == IN_SNOWFLAKE - {"snowflake"} | {"python"}


def test_the_layer_rule_can_fail(tmp_path: Path) -> None:
    """Negative control: the reader of imports sees an import inside a function too."""
    module = tmp_path / "bad.py"
    module.write_text("def f():\n    from playhead.io import delta\n")
    assert "playhead.io.delta" in set(_imports(module))
