"""What `up`, and so the demo at its end, prints of the stack: where its parts answer, the Lakehouse page among them."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from playhead.cli_stack import bring_up
from playhead.local.stack import PartStatus, Stack
from playhead.settings import Settings


def printed(monkeypatch: pytest.MonkeyPatch, *parts: PartStatus) -> list[str]:
    """Lines of a stack of which these parts run."""
    monkeypatch.setattr(Stack, "__init__", lambda *_: None)
    monkeypatch.setattr(Stack, "up", lambda *_, **__: True)
    monkeypatch.setattr(Stack, "status", lambda _: list(parts))
    out = io.StringIO()
    bring_up(Settings(), console=Console(file=out, width=120))
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def part(name: str, address: str, *, pid: int = 7) -> PartStatus:
    return PartStatus(name, "RUNNING", True, pid, 1, 1, address)


def test_bring_up__tells_the_page_s_address_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(monkeypatch, part("kafka", "127.0.0.1:1"), part("airflow-api-server", "http://127.0.0.1:2"))
    assert "● kafka 127.0.0.1:1" in lines
    assert lines[lines.index("● airflow-api-server http://127.0.0.1:2") + 1] == "● Lakehouse page http://127.0.0.1:2/plugin/lakehouse"


@pytest.mark.parametrize("pid", [0, 7])
def test_bring_up__without_airflow_there_is_no_page(monkeypatch: pytest.MonkeyPatch, pid: int) -> None:
    running = part("kafka", "127.0.0.1:1") if pid else part("airflow-api-server", "http://127.0.0.1:2", pid=0)
    assert not [line for line in printed(monkeypatch, running) if "Lakehouse page" in line]
