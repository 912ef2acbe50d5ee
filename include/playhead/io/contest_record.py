"""How the newest published recommendations came about, as a small file beside the lake: who competed, who won, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from playhead.io.run_files import read_json, write_json


@dataclass(frozen=True, slots=True)
class ContestRecord:
    """One contest. `judged` has of each ranking its viewers, ndcg, recall and coverage; it is empty where there was no contest.
    `popular` are the titles that most viewers like, for who has no list.
    """

    score_date: str
    ships: str
    reason: str
    judged: dict[str, dict[str, float]]
    rows: int
    popular: list[str]


def read_contest(lake: str) -> ContestRecord | None:
    """The record of the newest score date; None before the first."""
    values = read_json(_path(lake))
    return None if values is None else ContestRecord(**values)


def record_contest(lake: str, record: ContestRecord) -> None:
    """Keep a record, unless that of a later day is there: a backfill tells nothing of today."""
    last = read_contest(lake)
    if last is None or last.score_date <= record.score_date:
        write_json(_path(lake), asdict(record))


def _path(lake: str) -> str:
    return f"{lake}/_status/recommendations.json"
