"""The page as one answer, read from the lake's logs and small records without an engine. What cannot be read is named."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, get_args

from playhead.contracts.shapes import Dimension
from playhead.deadlines.evidence import read_evidence
from playhead.deadlines.promises import promises as promised_tables
from playhead.io.delta_table import query_log
from playhead.io.load_record import LoadRecord, read_load_record
from playhead.io.partitions import day_key, days_between
from playhead.io.reconcile_record import ReconcileRecord, read_reconcile_record
from playhead.jobs.registry import BUILDS, MODELLED
from playhead.jobs.told import Judged, Window, read_window
from playhead.lakehouse_page.alerts import Firing, firing_alerts
from playhead.lakehouse_page.freshness import Freshness, freshness
from playhead.lakehouse_page.partitions import Cell, Promise, cells, promise
from playhead.lakehouse_page.pending import pending_keys, read_pending
from playhead.observability.heartbeat import STALE_AFTER, read_heartbeat

logger = logging.getLogger(__name__)

WINDOW_DAYS = 35
_SCORES = "gold.churn_scores"
_MODEL = "SELECT model_version, count(*) AS users FROM log GROUP BY ALL ORDER BY users DESC"
_DIMENSIONS = get_args(Dimension)
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Row:
    """A table's row of the heat map."""

    table: str
    grain: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Quality:
    """A table's newest score, its dimensions and its Data Docs, the lowest total of the window, and how many were unusual or refused."""

    table: str
    newest: str
    total: float
    dimensions: dict[str, float | None]
    lowest: float
    lowest_of: str
    unusual: int
    refused: int
    docs_page: str | None


@dataclass(frozen=True, slots=True)
class Stream:
    """The streaming app's last sign of life."""

    age_s: float
    is_stale: bool
    batch_finished_at: str | None
    rows_per_s: float
    rows_total: int


@dataclass(frozen=True, slots=True)
class Model:
    """The model that made the newest scores."""

    version: str
    score_date: str
    users: int


@dataclass(slots=True)
class Overview:
    """All that the page shows at once. `unread` names what could not be read, and why."""

    as_of: datetime
    days: list[str]
    tables: list[Freshness] = field(default_factory=list)
    partitions: list[Row] = field(default_factory=list)
    quality: list[Quality] = field(default_factory=list)
    stream: Stream | None = None
    books: ReconcileRecord | None = None
    loads: LoadRecord | None = None
    model: Model | None = None
    alerts: list[Firing] | None = None
    alert_minutes: int = 0
    unread: dict[str, str] = field(default_factory=dict)


def read_overview(lake: str, home: Path, *, alert_minutes: int = 15, now: datetime | None = None) -> Overview:
    """What the lake at `lake` and the stack at `home` tell now; an alert fires by the events of the last `alert_minutes`."""
    now = now or datetime.now(UTC)
    days = days_between(day_key(now - timedelta(days=WINDOW_DAYS - 1)), day_key(now))
    page = Overview(now, days, alert_minutes=alert_minutes)
    window = _read(page, "partitions", lambda: read_window(lake, days, day_key(now + timedelta(days=1))))
    if window is not None:
        _tell_window(page, window, lake, home)
        page.model = _read(page, "model", lambda: _model(lake, window))
    page.alerts = _read(page, "alerts", lambda: firing_alerts(lake, since=now - timedelta(minutes=alert_minutes)))
    page.stream = _read(page, "stream", lambda: _stream(home, now))
    page.books = _read(page, "books", lambda: read_reconcile_record(lake))
    page.loads = _read(page, "loads", lambda: read_load_record(lake))
    return page


def _read(page: Overview, part: str, read: Callable[[], Found]) -> Found | None:
    try:
        return read()
    except Exception as error:  # whatever is wrong with one part, the others are still told
        logger.warning("part=%s cannot be read", part, exc_info=error)
        page.unread[part] = type(error).__name__
        return None


def _tell_window(page: Overview, window: Window, lake: str, home: Path) -> None:
    promises = {table: promise(table) for table in (*BUILDS, *MODELLED)}
    deadlines = {table: each for table, each in promised_tables().items() if table in promises}
    evidence = _read(page, "deadlines", lambda: read_evidence(lake, home, deadlines, now=page.as_of, window=window))
    if evidence is not None:
        page.tables = [freshness(each, window.told.get(table, {}), evidence, now=page.as_of) for table, each in deadlines.items()]
    page.partitions = _rows(page, window, promises)
    is_young = window.first is None or window.first > page.days[0]
    # Which hours have landed and wait is asked only where they would be called missing, or nothing: a whole lake's page reads no bronze.
    if is_young or any(cell.broken for row in page.partitions for cell in row.cells):
        page.partitions = _rows(page, window, promises, _read(page, "pending", lambda: read_pending(lake)) or frozenset())
    page.quality = [_quality(table, window.judged[table]) for table in promises if window.judged.get(table)]


def _rows(page: Overview, window: Window, promises: Mapping[str, Promise], landed: frozenset[str] = frozenset()) -> list[Row]:
    return [
        Row(
            table,
            promises[table].partition,
            cells(
                promises[table],
                window.told.get(table, {}),
                page.days,
                first=window.first,
                now=page.as_of,
                landed=pending_keys(landed, promises[table].partition),
            ),
        )
        for table in BUILDS
    ]


def _quality(table: str, judged: Sequence[Judged]) -> Quality:
    newest = max(judged, key=lambda row: str(row["partition_key"]))
    lowest = min(judged, key=lambda row: (float(row["total_score"]), str(row["partition_key"])))
    return Quality(
        table=table,
        newest=newest["partition_key"],
        total=newest["total_score"],
        dimensions={name: newest[f"{name}_score"] for name in _DIMENSIONS},
        lowest=lowest["total_score"],
        lowest_of=lowest["partition_key"],
        unusual=sum(row["anomalies"] > 0 for row in judged),
        refused=sum(bool(row["is_refused"]) for row in judged),
        docs_page=newest["docs_page"],
    )


def _stream(home: Path, now: datetime) -> Stream | None:
    beat = read_heartbeat(home)
    if beat is None:
        return None
    age = now - datetime.fromisoformat(beat.updated_at)
    return Stream(round(age.total_seconds(), 1), age > STALE_AFTER, beat.batch_finished_at, beat.rows_per_s, beat.rows_total)


def _model(lake: str, window: Window) -> Model | None:
    """By the newest day of scores; only that day's files are opened."""
    day = max((key for key, told in window.told.get(_SCORES, {}).items() if told.published_at is not None), default=None)
    if day is None:
        return None
    rows = query_log(lake, _SCORES, _MODEL, days=[day])
    return Model(rows[0]["model_version"], day, rows[0]["users"]) if rows else None
