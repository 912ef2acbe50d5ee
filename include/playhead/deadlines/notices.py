"""ops.notices: who was told of what, so that each notice is mailed once, whoever notices first and on whichever machine.

A notice is claimed before it is mailed. The claim is a Delta commit that fails where another process has claimed anything since this one
looked; so two that notice the same thing at the same moment give one mail, on an object store too. A claim whose mail the mail server
never took is good for two minutes; then somebody claims it again. A mail can thus come twice only where its sender died between the mail
server's answer and the commit that tells of it, and then it has the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from deltalake.exceptions import CommitFailedError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random

from playhead.contracts.model import load_contract
from playhead.io.delta_table import append_rows, open_table, query_log

NOTICES = "ops.notices"
CLAIM_HOLDS = timedelta(minutes=2)
Kind = Literal["missed", "recovered", "digest"]
Teller = Literal["watcher", "airflow"]
_KNOWN = """
SELECT notice_id, max(noticed_at) FILTER (notice_state = 'claimed') AS claimed_at, bool_or(notice_state = 'sent') AS is_sent
FROM log WHERE list_contains($ids, notice_id) GROUP BY ALL
"""
_GIVEN = "SELECT min(noticed_at) AS sent_at FROM log WHERE notice_id = $id AND notice_state = 'sent'"
_OPEN = """
SELECT table_name, partition_key, min(due_at) FILTER (notice_kind = 'missed') AS due_at
FROM log WHERE notice_state = 'sent' AND due_at >= $since
GROUP BY ALL HAVING bool_or(notice_kind = 'missed') AND NOT bool_or(notice_kind = 'recovered') ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told once to the owner of a table: an interval that was missed, or that has come after all."""

    kind: Kind
    table: str
    key: str
    due_at: datetime
    owner: str
    kept_at: datetime | None = None
    why: str = ""

    @property
    def id(self) -> str:
        """What makes it the same notice, whoever gives it."""
        return f"{self.kind}:{self.table}:{self.key}"


@dataclass(frozen=True, slots=True)
class Claim:
    """Of the notices asked for, those that are the caller's to send now, and how many somebody else has claimed and not sent yet."""

    mine: list[Notice]
    others: int


@dataclass(frozen=True, slots=True)
class OpenMiss:
    """An interval of which a mail told that it was missed, and none that it has come."""

    table: str
    key: str
    due_at: datetime


@retry(retry=retry_if_exception_type(CommitFailedError), stop=stop_after_attempt(5), wait=wait_random(0, 0.5), reraise=True)
def claim(lake: str, wanted: Sequence[Notice], *, told_by: Teller, now: datetime) -> Claim:
    """Claim those of the notices that nobody has sent or is about to send. The caller sends them now, or nobody does for two minutes."""
    if not wanted:
        return Claim([], 0)
    version = open_table(lake, load_contract(NOTICES)).version()
    rows = query_log(lake, NOTICES, _KNOWN, {"ids": [notice.id for notice in wanted]}, version=version)
    known = {row["notice_id"]: row for row in rows}
    mine = [notice for notice in wanted if _is_free(known.get(notice.id), now)]
    if mine:
        append_rows(lake, NOTICES, _rows(mine, "claimed", told_by, now), progress={"claims": version + 1}, seen=version)
    return Claim(mine, sum(not each["is_sent"] for each in known.values()) - sum(notice.id in known for notice in mine))


def tell_sent(lake: str, sent: Sequence[Notice], *, told_by: Teller, now: datetime) -> None:
    """Write down that the mail server has taken these."""
    append_rows(lake, NOTICES, _rows(sent, "sent", told_by, now))


def given_at(lake: str, notice: Notice) -> datetime | None:
    """When a notice was sent; None where it was not yet."""
    rows = query_log(lake, NOTICES, _GIVEN, {"id": notice.id})
    moment: datetime | None = rows[0]["sent_at"]
    return moment


def open_misses(lake: str, *, since: datetime) -> list[OpenMiss]:
    """Intervals due since then that were told of as missed and not as recovered, ascending."""
    rows = query_log(lake, NOTICES, _OPEN, {"since": since})
    return [OpenMiss(row["table_name"], row["partition_key"], row["due_at"]) for row in rows]


def _is_free(known: Mapping[str, Any] | None, now: datetime) -> bool:
    return known is None or (not known["is_sent"] and known["claimed_at"] < now - CLAIM_HOLDS)


def _rows(notices: Iterable[Notice], state: str, told_by: Teller, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "notice_id": notice.id,
            "notice_state": state,
            "notice_kind": notice.kind,
            "table_name": notice.table,
            "partition_key": notice.key,
            "due_at": notice.due_at,
            "kept_at": notice.kept_at,
            "told_by": told_by,
            "sent_to": notice.owner,
            "noticed_at": now,
        }
        for notice in notices
    ]
