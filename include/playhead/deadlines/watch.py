"""One look at all deadlines: what is overdue or has come after all is told to its owner, once, whoever looks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from playhead.deadlines.evidence import WINDOW, Evidence, read_evidence
from playhead.deadlines.letters import Addresses, compose
from playhead.deadlines.notices import Notice, OpenMiss, Teller, claim, open_misses, tell_sent
from playhead.deadlines.overdue import Miss, kept_at, missed, overdue, past_silence
from playhead.deadlines.promises import Promise, promises
from playhead.errors import MailError
from playhead.io.mail import MailServer, mail_server, send
from playhead.io.partitions import partition_end
from playhead.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look came to: notices that were mailed, how many intervals of each table are overdue, and how many notices wait."""

    given: list[Notice] = field(default_factory=list)
    overdue: dict[str, int] = field(default_factory=dict)
    unsent: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """Where a watcher looks, and how it tells."""

    lake: str
    home: Path
    promised: Mapping[str, Promise]
    addresses: Addresses
    server: MailServer
    told_by: Teller
    is_drill: bool = False

    def look(self, *, now: datetime, asked: Iterable[tuple[str, str]] = ()) -> Look:
        """Tell what is to be told now.

        Args:
            now: the moment that deadlines are held against.
            asked: intervals, as (table, key), of which somebody else says that they were missed; they are told also where they have come
                meanwhile; in a drill also where they were over before the lake began.
        """
        evidence = read_evidence(self.lake, self.home, self.promised, now=now)
        if evidence.begun is None:
            return Look()
        opened = open_misses(self.lake, since=now - WINDOW)
        late = {table: overdue(promise, evidence, now=now) for table, promise in self.promised.items()}
        asked = [(table, key) for table, key in asked if self.is_drill or partition_end(key) > evidence.begun]
        misses = {
            (miss.table, miss.key): miss
            for miss in (*missed(self.promised, evidence, asked, now=now), *self._to_tell(evidence, late, opened))
        }
        recovered = self._recovered(evidence, [each for each in opened if each.table in self.promised])
        given, unsent = self._give([*map(self._of_miss, misses.values()), *recovered], now)
        return Look(given, {table: len(found) for table, found in late.items()}, unsent)

    def _to_tell(self, evidence: Evidence, late: Mapping[str, Sequence[Miss]], opened: Sequence[OpenMiss]) -> Iterable[Miss]:
        """All that is late; but an app that dies again and again is one silence, until it has lived on."""
        told = {each.table for each in opened}
        for table, misses in late.items():
            if self.promised[table].grain != "moment" or table not in told:
                yield from misses
            if self.promised[table].grain == "moment":
                yield from past_silence(self.promised[table], evidence)

    def _of_miss(self, miss: Miss) -> Notice:
        return Notice("missed", miss.table, miss.key, miss.due_at, self.promised[miss.table].owner, why=miss.why)

    def _recovered(self, evidence: Evidence, opened: Iterable[OpenMiss]) -> Iterable[Notice]:
        for each in opened:
            promise = self.promised[each.table]
            kept = kept_at(promise, evidence, each.key, each.due_at)
            if kept is not None:
                yield Notice("recovered", each.table, each.key, each.due_at, promise.owner, kept_at=kept)

    def _give(self, wanted: Sequence[Notice], now: datetime) -> tuple[list[Notice], int]:
        """Mail what nobody has mailed. What the mail server does not take is claimed again after a while."""
        claimed = claim(self.lake, wanted, told_by=self.told_by, now=now)
        given: list[Notice] = []
        for mail, notices in compose(claimed.mine, self.addresses, now=now):
            try:
                send(self.server, mail)
            except MailError as error:
                logger.warning("%s; it is tried again", error)
                continue
            tell_sent(self.lake, notices, told_by=self.told_by, now=now)
            logger.info("mailed to %s: %s", ", ".join(mail.to), mail.letter.subject)
            given += notices
        return given, claimed.others + len(claimed.mine) - len(given)


def open_watch(settings: Settings, *, told_by: Teller) -> Watch:
    """A watch over the lake of the settings."""
    addresses = Addresses(settings.smtp_from, settings.recipients, settings.airflow_url)
    promised, scale = promises(settings.deadline_scale), settings.deadline_scale
    return Watch(settings.lake, settings.home, promised, addresses, mail_server(settings), told_by, is_drill=scale == 0)
