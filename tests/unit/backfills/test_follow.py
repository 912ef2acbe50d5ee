"""A backfill is started or taken up, and followed. Airflow's own side of it is tested on the real stack (tests/e2e)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from playhead.backfills import follow as module
from playhead.backfills.follow import Progress, follow, start_or_resume
from playhead.backfills.scope import Scope, open_scope
from playhead.errors import StackError
from playhead.io.airflow_api import ActiveBackfill, AirflowApi

FIRST, LAST = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)


class Airflow:
    """An api-server with one backfill, which is over when it has been asked after a few times."""

    def __init__(self, *active: ActiveBackfill, over_after: int = 3, failed: int = 0) -> None:
        self.active = list(active)
        self.did: list[tuple[Any, ...]] = []
        self._left, self._over_after, self._failed = over_after, over_after, failed

    def active_backfills(self, _: str) -> list[ActiveBackfill]:
        return self.active

    def unpause_backfill(self, backfill_id: int) -> None:
        self.did.append(("unpause", backfill_id))

    def backfill(self, dag_id: str, first: datetime, last: datetime, *, reprocess: str) -> int:
        self.did.append(("create", dag_id, first, last, reprocess))
        return 7

    def count_runs(self, _dag: str, _first: datetime, _last: datetime, *, state: str | None = None) -> int:
        done = self._over_after - self._left
        return {None: self._over_after, "failed": self._failed, "success": done - self._failed}[state]

    def backfill_state(self, _: int) -> dict[str, Any]:
        self._left -= 1
        return {"completed_at": None if self._left else "now"}


def scope() -> Scope:
    return open_scope("build_daily", FIRST, LAST, now=datetime(2026, 3, 10, tzinfo=UTC))


def start(airflow: Airflow, **options: bool) -> tuple[int, bool]:
    return start_or_resume(cast("AirflowApi", airflow), scope(), **options)


@pytest.mark.parametrize(("options", "reprocess"), [({}, "completed"), ({"failed_only": True}, "failed")])
def test_it_is_started_where_none_is_under_way(options: dict[str, bool], reprocess: str) -> None:
    airflow = Airflow()
    assert start(airflow, **options) == (7, False)
    assert airflow.did == [("create", "build_daily", FIRST, LAST, reprocess)]


def test_the_same_range_is_taken_up_and_goes_on_if_it_was_paused() -> None:
    assert start(Airflow(ActiveBackfill(4, FIRST, LAST, is_paused=False))) == (4, True)
    paused = Airflow(ActiveBackfill(4, FIRST, LAST, is_paused=True))
    assert start(paused) == (4, True)
    assert paused.did == [("unpause", 4)]


def test_another_range_that_is_under_way_is_named() -> None:
    with pytest.raises(StackError, match=r"backfill 4 of build_daily, 2026-03-01T00 to 2026-03-01T00, is under way"):
        start(Airflow(ActiveBackfill(4, FIRST, FIRST, is_paused=False)))


def test_its_progress_is_told_until_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_POLL_S", 0.0)
    told: list[Progress] = []
    over = follow(cast("AirflowApi", Airflow(failed=1)), 7, scope(), told.append)
    assert [each.done for each in told] == [0, 1, 2]
    assert over == Progress(runs=3, done=3, failed=1)
