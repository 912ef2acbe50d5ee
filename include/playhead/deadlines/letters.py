"""The mails about deadlines: what was missed and why, or came after all, and where to look next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from playhead.deadlines.notices import Kind, Notice
from playhead.deadlines.promises import promises
from playhead.io.mail import Mail
from playhead.mails.render import told_span, write_letter


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where mails come from, who gets each beside its owner, and where the Airflow UI is that they lead to."""

    sender: str
    beside: Sequence[str]
    airflow_url: str


def compose(notices: Iterable[Notice], addresses: Addresses, *, now: datetime) -> list[tuple[Mail, list[Notice]]]:
    """One mail for each owner and kind of notice, and the notices that it gives."""
    groups: dict[tuple[str, Kind], list[Notice]] = defaultdict(list)
    for notice in sorted(notices, key=lambda notice: (notice.table, notice.key)):
        groups[notice.owner, notice.kind].append(notice)
    return [(_mail(kind, owner, group, addresses, now), group) for (owner, kind), group in sorted(groups.items())]


def _mail(kind: Kind, owner: str, notices: Sequence[Notice], addresses: Addresses, now: datetime) -> Mail:
    dags = sorted({promises()[notice.table].dags[0] for notice in notices})
    told = {
        "rows": [_row(notice, now) for notice in notices],
        "runs": [(dag, f"{addresses.airflow_url}/dags/{dag}") for dag in dags],
        "airflow_url": addresses.airflow_url,
    }
    return Mail(
        sender=addresses.sender,
        to=[owner],
        cc=[address for address in addresses.beside if address != owner],
        letter=write_letter(kind, _subject(kind, notices), told),
        identity=" ".join(notice.id for notice in notices),
    )


def _subject(kind: Kind, notices: Sequence[Notice]) -> str:
    """Names the table where there is one notice, and the first two tables where there are more."""
    words = "recovered" if kind == "recovered" else "deadline missed" if len(notices) == 1 else f"{len(notices)} deadlines missed"
    if len(notices) == 1:
        return f"{words}: {notices[0].table} ({notices[0].key})"
    tables = list(dict.fromkeys(notice.table for notice in notices))
    return f"{words}: {', '.join(tables[:2])}" + (f" and {len(tables) - 2} more" if len(tables) > 2 else "")


def _row(notice: Notice, now: datetime) -> dict[str, str]:
    return {
        "table": notice.table,
        "key": _told_key(notice.key),
        "due": f"{notice.due_at:%Y-%m-%d %H:%M}",
        "kept": f"{notice.kept_at:%Y-%m-%d %H:%M}" if notice.kept_at else "",
        "late": told_span((notice.kept_at or now) - notice.due_at),
        "why": notice.why,
    }


def _told_key(key: str) -> str:
    """`2026-01-31`, `2026-01-31 05:00`, and a moment to the minute."""
    day, _, clock = key.partition("T")
    return f"{day} {clock if ':' in clock else clock + ':00'}" if clock else day
