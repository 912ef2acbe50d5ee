"""A backfill in Airflow: started, or taken up where one of the same range is under way, and followed until it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from playhead.backfills.scope import Scope
from playhead.errors import StackError
from playhead.io.airflow_api import AirflowApi

_POLL_S = 2.0
_AT_MOST_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Progress:
    """How many runs of a backfill there are, and how many of them are done and failed."""

    runs: int
    done: int
    failed: int


def start_or_resume(api: AirflowApi, scope: Scope, *, failed_only: bool = False) -> tuple[int, bool]:
    """The backfill's id, and whether it was under way already.

    Raises:
        StackError: one of another range is under way: Airflow runs one at a time of a DAG.
    """
    for active in api.active_backfills(scope.dag_id):
        if (active.first, active.last) != (scope.first, scope.last):
            raise StackError(
                f"backfill {active.id} of {scope.dag_id}, {active.first:%Y-%m-%dT%H} to {active.last:%Y-%m-%dT%H}, is under way, and "
                "Airflow runs one at a time; wait for it, or cancel it in the Airflow UI"
            )
        if active.is_paused:
            api.unpause_backfill(active.id)
        return active.id, True
    return api.backfill(scope.dag_id, scope.first, scope.last, reprocess="failed" if failed_only else "completed"), False


def follow(api: AirflowApi, backfill_id: int, scope: Scope, tell: Callable[[Progress], None]) -> Progress:
    """Wait until Airflow says that a backfill is over, and return what became of its runs.

    Raises:
        StackError: it is not over after a day.
    """

    def look() -> bool:
        tell(api_progress(api, scope))
        return bool(api.backfill_state(backfill_id)["completed_at"])

    try:
        Retrying(retry=retry_if_result(lambda is_over: not is_over), stop=stop_after_delay(_AT_MOST_S), wait=wait_fixed(_POLL_S))(look)
    except RetryError:
        raise StackError(f"backfill {backfill_id} of {scope.dag_id} is not over after a day; look at it in the Airflow UI") from None
    return api_progress(api, scope)


def api_progress(api: AirflowApi, scope: Scope) -> Progress:
    """What Airflow counts now."""

    def count(state: str | None = None) -> int:
        return api.count_runs(scope.dag_id, scope.first, scope.last, state=state)

    failed = count("failed")
    return Progress(count(), count("success") + failed, failed)
