"""The collector's process: it listens where the settings say, which is loopback unless it runs in a container."""

from __future__ import annotations

from typing import Any

import pytest

from playhead.collector import __main__ as process
from playhead.settings import Settings


@pytest.mark.parametrize("settings", [Settings(), Settings(bind_host="0.0.0.0")], ids=["default", "container"])
def test_main__listens_on_the_bind_host(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    served: dict[str, Any] = {}
    monkeypatch.setattr(process, "get_settings", lambda: settings)
    monkeypatch.setattr(process, "build_app", lambda _: None)
    monkeypatch.setattr(process.uvicorn, "run", lambda _, **options: served.update(options))
    assert process.main() == 0
    assert served["host"] == settings.bind_host
    assert Settings().bind_host == "127.0.0.1"
