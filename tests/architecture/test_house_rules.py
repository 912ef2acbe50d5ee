"""Rules of the house that no linter knows: sizes, thin DAGs, nothing of the builder's machine in what is committed."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "include").rglob("*.py"))


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 300, "split the file"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, f"{node.name} is longer than 50 lines"


def test_dags_are_thin() -> None:
    for path in (ROOT / "dags").glob("*.py"):
        assert path.read_text(encoding="utf-8").count("\n") <= 60, path.name


def test_great_expectations_folder_does_not_shadow_the_library() -> None:
    assert not (ROOT / "great_expectations" / "__init__.py").exists()
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_required_top_level_names() -> None:
    names = [
        "dags",
        "plugins",
        "include",
        "spark_apps",
        "great_expectations",
        "tests",
        "docker-compose.yaml",
        "requirements.txt",
        "README.md",
    ]
    assert [n for n in names if not (ROOT / n).exists()] == []


def test_nothing_of_a_machine_is_committed() -> None:
    machine = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/(?!\.)|index-url|--extra-index")
    wrong = []
    for path in _tracked():
        if path.suffix in {".png", ".jar", ".lock"} or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if machine.search(line) and "emit-index-url" not in line:
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line[:100]}")
    assert not wrong


def test_every_requirement_is_pinned_and_hashed() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^(\S+?)(?:==\S+)?(?: ;.*)? \\$", text, flags=re.MULTILINE)
    pinned = re.findall(r"^(\S+)==\S+(?: ;.*)? \\\n    --hash=sha256:", text, flags=re.MULTILINE)
    assert len(entries) == len(pinned) > 100
