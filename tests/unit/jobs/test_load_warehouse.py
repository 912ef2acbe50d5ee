"""A load leaves a record of what it came to, whatever it came to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from playhead.errors import MismatchError, WarehouseError
from playhead.io.load_record import read_load_record
from playhead.jobs import load_warehouse as job
from playhead.warehouse.loader import LoadReport


def run(lake: str, monkeypatch: pytest.MonkeyPatch, load: Callable[..., LoadReport]) -> dict[str, Any]:
    monkeypatch.setattr(job, "load_warehouse", load)
    nothing: Any = None
    return job.run_load(nothing, lake=lake, export_root=Path("export"), run_id="r")


def refusing(error: Exception) -> Callable[..., LoadReport]:
    def load(*_: object, **__: object) -> LoadReport:
        raise error

    return load


def test_run_load__what_it_loaded_is_on_record(lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = run(lake, monkeypatch, lambda *_, **__: LoadReport("r", {"gold.user_daily": 1}, {"gold.user_daily": 7}))
    record = read_load_record(lake)
    assert (record.outcomes, record.rows, record.seconds) == ({"loaded": 1}, {"gold.user_daily": 7}, told["seconds"])
    assert record.finished is not None


def test_run_load__with_nothing_new_is_a_good_load_that_keeps_the_last_rows(lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run(lake, monkeypatch, lambda *_, **__: LoadReport("r", {"gold.user_daily": 1}, {"gold.user_daily": 7}))
    before = read_load_record(lake)
    run(lake, monkeypatch, lambda *_, **__: LoadReport("r"))
    record = read_load_record(lake)
    assert (record.outcomes, record.rows) == ({"loaded": 1, "unchanged": 1}, {"gold.user_daily": 7})
    assert (record.finished or 0) > (before.finished or 0)


@pytest.mark.parametrize(("error", "outcome"), [(MismatchError("7 and 8"), "mismatched"), (WarehouseError("refused"), "failed")])
def test_run_load__that_fails_is_counted_and_is_no_good_load(
    lake: str, monkeypatch: pytest.MonkeyPatch, error: Exception, outcome: str
) -> None:
    with pytest.raises(type(error)):
        run(lake, monkeypatch, refusing(error))
    record = read_load_record(lake)
    assert (record.outcomes, record.finished) == ({outcome: 1}, None)
