"""The digest as a mail: numbers and charts in HTML, the same numbers in plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from playhead.digest.charts import draw_days, draw_scores
from playhead.digest.gather import Digest
from playhead.io.mail import Letter
from playhead.mails.render import told_span, write_letter

_DAYS, _SCORES = "days", "scores"


@dataclass(frozen=True, slots=True)
class Composed:
    """The digest's words and pictures, by the names under which the HTML shows them."""

    letter: Letter
    pictures: Mapping[str, bytes]


def compose_digest(digest: Digest, *, airflow_url: str, now: datetime) -> Composed:
    """The mail of a digest. A part that has no rows is said to have none."""
    pictures = _pictures(digest)
    told = {
        "day": digest.day.isoformat(),
        "kpis": _kpis(digest.kpis),
        "kpi_day": _iso(digest.kpis.get("KPI_DATE")),
        "compared_day": _iso(digest.kpis.get("COMPARED_DATE")),
        "experience": _experience(digest.experience),
        "titles": [(row["CONTENT_TITLE"], f"{row['TOTAL_VIEWS_30D']:,}", f"{row['WATCH_HOURS_30D']:,.0f}") for row in digest.titles],
        "pictures": pictures,
        "scores": digest.scores,
        "refused": sum(row["refused"] for row in digest.scores),
        "unusual": sum(row["unusual"] for row in digest.scores),
        "restated": digest.restated,
        "overdue": [(miss.table, miss.key, f"{miss.due_at:%Y-%m-%d %H:%M}", miss.why) for miss in digest.overdue],
        "books": _books(digest, now),
        "unread": sorted(digest.unread.items()),
        "airflow_url": airflow_url,
    }
    return Composed(write_letter("digest", _subject(digest), told), pictures)


def _subject(digest: Digest) -> str:
    """Says at once whether all is well."""
    wrong = [f"{len(digest.overdue)} overdue"] if digest.overdue else []
    refused = sum(row["refused"] for row in digest.scores)
    wrong += [f"{refused} refused"] if refused else []
    wrong += ["books differ"] if digest.books is not None and digest.books.differing_minutes else []
    wrong += [f"{', '.join(sorted(digest.unread))} not read"] if digest.unread else []
    return f"daily digest {digest.day.isoformat()}: {'; '.join(wrong) or 'all is well'}"


def _kpis(row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, value and change on the same weekday a week before."""
    if row.get("DAILY_ACTIVE_USERS") is None:
        return []
    return [
        ("Active viewers", f"{row['DAILY_ACTIVE_USERS']:,}", _change(row["DAILY_ACTIVE_USERS_GROWTH_PCT"])),
        ("Hours watched", f"{row['WATCH_HOURS']:,.0f}", _change(row["WATCH_TIME_GROWTH_PCT"])),
        ("Ad revenue, USD", f"{row['REVENUE']:,.2f}", _change(row["REVENUE_GROWTH_PCT"])),
    ]


def _experience(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    if not row:
        return []
    return [
        ("Mean startup time", f"{row['STARTUP_MEAN_MS'] / 1000:.2f} s"),
        ("Plays that failed", f"{row['PLAYBACK_FAILURE_PCT']:.2f} %"),
        ("Rebuffering", f"{row['REBUFFERING_PCT']:.2f} %"),
    ]


def _change(percent: Any) -> str:
    return "no day to compare with" if percent is None else f"{float(percent):+.1f} %"


def _books(digest: Digest, now: datetime) -> str:
    if digest.books is None:
        return "The books have not been reconciled yet."
    ago = told_span(now - datetime.fromtimestamp(digest.books.finished, now.tzinfo))
    differing = digest.books.differing_minutes
    told = f"reconciled {ago} ago, {digest.books.events:,} events since {digest.books.since}"
    if not differing:
        return f"The books balance: {told}."
    return f"THE BOOKS DIFFER in {', '.join(f'{minutes} minutes of {table}' for table, minutes in sorted(differing.items()))}: {told}."


def _pictures(digest: Digest) -> dict[str, bytes]:
    pictures: dict[str, bytes] = {}
    if len(digest.days) > 1:
        days, active, hours = ([row[name] for row in digest.days] for name in ("EVENT_DATE", "DAILY_ACTIVE_USERS", "WATCH_HOURS"))
        pictures[_DAYS] = draw_days(days, _floats(active), _floats(hours))
    if digest.scores:
        pictures[_SCORES] = draw_scores([row["table_name"] for row in digest.scores], _floats([row["lowest"] for row in digest.scores]))
    return pictures


def _floats(values: Sequence[Any]) -> list[float]:
    return [float(value or 0) for value in values]


def _iso(day: Any) -> str:
    return "" if day is None else day.isoformat()
