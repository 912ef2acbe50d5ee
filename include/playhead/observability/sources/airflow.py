"""Airflow, by what its api-server says of its parts' health."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

from playhead.errors import StackError
from playhead.observability import metrics as m

_ANSWERS_WITHIN_S = 5.0


def read_airflow(url: str, now: datetime | None = None) -> m.Readings:
    """How long ago each part was heard of; one that was never started is absent.

    Raises:
        StackError: the api-server does not answer, or not as one does.
    """
    try:
        health: dict[str, dict[str, Any]] = (
            httpx.get(f"{url}/api/v2/monitor/health", timeout=_ANSWERS_WITHIN_S, trust_env=False).raise_for_status().json()
        )
    except (httpx.HTTPError, ValueError) as error:
        raise StackError(f"Airflow does not answer at {url}: {error}; see `playhead status`") from error
    heard = {part: told.get(f"latest_{part}_heartbeat") for part, told in health.items()}
    now = now or datetime.now(UTC)
    return {m.AIRFLOW_AGE: {(part,): (now - datetime.fromisoformat(at)).total_seconds() for part, at in heard.items() if at}}
