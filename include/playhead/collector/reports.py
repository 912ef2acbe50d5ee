"""CMCD reports of a request into records, with what is remembered of their plays."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from playhead.collector.catalogue import Catalogue
from playhead.collector.plays import Overdue, Plays
from playhead.collector.requests import Intake, Limits, to_record
from playhead.events.clients import Client
from playhead.events.cmcd import Outcome, map_report, settle
from playhead.events.cmcd_play import History
from playhead.events.cmcd_report import Report, parse_report
from playhead.events.producer import Record
from playhead.events.validation import Fault

logger = logging.getLogger(__name__)

_SILENCE_S = 120.0
# A play lasts at most 24 h (DESIGN, times and identity); what its player lost is counted every night, and a night or two may fail.
_MEMORY_S = 74 * 3600.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What to remember once a request's records are acknowledged, as (sid, sn): reports that were taken, and held ones that are settled."""

    taken: list[tuple[str, int]] = field(default_factory=list)
    settled: list[tuple[str, int]] = field(default_factory=list)


class Reports:
    """Maps reports, line by line, in the order they arrive."""

    def __init__(self, catalogue: Catalogue, plays: Plays, limits: Limits) -> None:
        """Nothing is read or written yet."""
        self._catalogue = catalogue
        self._plays = plays
        self._limits = limits

    def take(self, lines: Sequence[bytes], client: Client, now: float) -> tuple[Intake, Receipt]:
        """What becomes of the lines, and what to settle() once the records are acknowledged."""
        intake, receipt = Intake(), Receipt()
        for index, line in enumerate(lines):
            report = parse_report(line)
            if isinstance(report, Fault):
                intake.reject(index, [report])
                continue
            title = self._catalogue.title(report.content_id)
            if title is None:
                intake.reject(index, [Fault("unknown_content", f"content id {report.content_id!r:.80} is not in the catalogue")])
                continue
            self._take_report(intake, receipt, index, report, client, title, now)
        self._plays.commit()
        return intake, receipt

    def settle(self, client: Client, receipt: Receipt) -> None:
        """The records of the request were acknowledged."""
        for sid, sn in receipt.taken:
            self._plays.answer(sid, client.target, sn)
        for sid, sn in receipt.settled:
            self._plays.release(sid, client.target, sn)
        self._plays.commit()

    def overdue(self, now: float) -> tuple[list[Overdue], list[Record]]:
        """Held reports of plays that fell silent, and the records that say them as far as they are known.

        So a viewer who gives up during a stall is counted with that stall.
        """
        overdue = self._plays.overdue(now - _SILENCE_S)
        records = []
        for each in overdue:
            history = self._plays.history(each.sid, each.target)
            held = next(t for t in history.transitions if t.sn == each.sn)
            event = settle(held, history, each.last_ts)
            result = to_record(event, self._limits) if event is not None else []
            if isinstance(result, Record):
                records.append(result)
            for fault in [] if isinstance(result, Record) else result:
                logger.error("report %d of play %s cannot be said: %s", each.sn, each.sid, fault.detail)
        return overdue, records

    def settle_overdue(self, overdue: Sequence[Overdue], now: float) -> None:
        """They were acknowledged; plays long over are forgotten."""
        for each in overdue:
            self._plays.release(each.sid, each.target, each.sn)
        self._plays.forget(now - _MEMORY_S)
        self._plays.commit()

    def _take_report(
        self, intake: Intake, receipt: Receipt, index: int, report: Report, client: Client, title: Mapping[str, Any], now: float
    ) -> None:
        outcome = map_report(report, client, title, self._plays.history(report.sid, client.target))
        records, faults = self._to_records(outcome)
        if faults:
            intake.reject(index, faults)
            return
        self._plays.remember(report, client.target, outcome.transition, now)
        if outcome.ignored is not None:
            intake.ignore(index, outcome.ignored)
        else:
            intake.accept(*records)
        receipt.taken.append((report.sid, report.sn))
        receipt.settled.extend((report.sid, sn) for sn in outcome.released)

    def _to_records(self, outcome: Outcome) -> tuple[list[Record], list[Fault]]:
        """A report is taken whole or not at all; a held event must be sound too, but for the part it waits for."""
        records, faults = list[Record](), list[Fault]()
        for event in outcome.events:
            result = to_record(event, self._limits)
            if isinstance(result, Record):
                records.append(result)
            else:
                faults += result
        held = outcome.transition
        complete = None if held is None else settle(held, History(), held.ts)
        if complete is not None:
            result = to_record(complete, self._limits)
            faults += [] if isinstance(result, Record) else result
        return records, faults
