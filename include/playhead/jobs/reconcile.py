"""The nightly look at the books: ledgers, bronze and silver compared for the days that may still change, without an engine."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from playhead.errors import BooksError
from playhead.io.reconcile_record import record_reconcile
from playhead.quality.reconcile import Difference, reconcile

logger = logging.getLogger(__name__)

# A record that was acknowledged is visible within a minute; a streaming app that starts anew under load may need some more.
LANDS_WITHIN = timedelta(minutes=5)
_NAMED_MINUTES = 10


def first_open_day(late_horizon_days: int, *, today: date | None = None) -> date:
    """The first day that events may still be added to as they arrive; replays and loads of history can reach further back."""
    return (today or datetime.now(UTC).date()) - timedelta(days=late_horizon_days + 1)


def reconcile_open_days(
    lake: str, ledger_dir: Path, *, late_horizon_days: int, now: datetime | None = None, landing_within: timedelta = LANDS_WITHIN
) -> dict[str, int]:
    """Compare the days that may still change, and record what was found; returns how much was compared.

    Records that are still on their way are awaited for as long as `landing_within`.

    Raises:
        BooksError: minutes differ; the message names them, their tables and ids.
    """
    now = now or datetime.now(UTC)
    since = first_open_day(late_horizon_days, today=now.date())
    found = reconcile(lake, ledger_dir, since=since, landing_within=landing_within)
    minutes = Counter(each.table for each in found.differences)
    record_reconcile(lake, at=now.timestamp(), since=since.isoformat(), events=found.events, differing_minutes=minutes)
    logger.info("since=%s events=%d minutes=%d differing=%d", since, found.events, found.minutes, len(found.differences))
    for each in found.differences:
        logger.error("the books differ: %s", each.to_dict())
    if found.differences:
        raise BooksError(_told(found.differences))
    return {"events": found.events, "minutes": found.minutes}


def _told(differences: tuple[Difference, ...]) -> str:
    named = "; ".join(_said(each) for each in differences[:_NAMED_MINUTES])
    more = f" and {len(differences) - _NAMED_MINUTES} more" if len(differences) > _NAMED_MINUTES else ""
    return f"{len(differences)} minutes differ: {named}{more}. Rebuild their hours with `playhead build backfill`, then clear the task"


def _said(difference: Difference) -> str:
    minute = "unknown" if difference.minute is None else f"{difference.minute:%Y-%m-%dT%H:%MZ}"
    return f"{difference.table} {minute} ({', '.join(difference.ids)})"
