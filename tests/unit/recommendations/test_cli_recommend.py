"""`playhead recommend report` and `viewer`: what they say of the newest lists, and before there are any."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from playhead.cli import app
from playhead.io.contest_record import ContestRecord, read_contest, record_contest
from playhead.io.delta_table import append_rows
from playhead.settings import get_settings

JUDGED = {
    "als": {"viewers": 1900, "ndcg": 0.2856, "recall": 0.2262, "coverage": 0.613},
    "popularity": {"viewers": 1900, "ndcg": 0.2029, "recall": 0.1554, "coverage": 0.233},
}
RECORD = ContestRecord("2026-11-25", "als", "the model beats both baselines", JUDGED, 2, ["a"])


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield get_settings().lake
    get_settings.cache_clear()


def listed(day: int, rank: int, title: str, because: str | None = None) -> dict[str, Any]:
    key = {"score_date": date(2026, 11, day), "viewer_id": "ann", "recommendation_rank": rank, "content_id": title}
    return {**key, "recommendation_score": 0.5, "because_content_id": because, "ranked_by": "als"}


def said(*arguments: str) -> str:
    return CliRunner().invoke(app, ["recommend", *arguments], catch_exceptions=False).stdout


def test_before_the_first_lists_each_command_says_so(lake: str) -> None:
    assert "run `playhead recommend refresh`" in said("report")
    assert json.loads(said("report", "--json")) is None
    assert "no list for ann" in said("viewer", "ann")
    assert json.loads(said("viewer", "ann", "--json")) == []


def test_the_report_has_the_contest_and_its_verdict(lake: str) -> None:
    record_contest(lake, RECORD)
    told = " ".join(said("report").split())
    assert "0.2856" in told
    assert "61.3%" in told
    assert "2 places ranked by model (als): the model beats both baselines" in told
    assert json.loads(said("report", "--json"))["judged"] == JUDGED


def test_a_viewers_list_is_that_of_the_newest_day(lake: str) -> None:
    record_contest(lake, RECORD)
    append_rows(lake, "gold.recommendations", [listed(24, 1, "old"), listed(25, 2, "second"), listed(25, 1, "first", "seen")])
    assert [(row["content_id"], row["because_content_id"]) for row in json.loads(said("viewer", "ann", "--json"))] == [
        ("first", "seen"),
        ("second", None),
    ]
    assert "no list for bob" in said("viewer", "bob")


def test_a_backfill_of_a_past_day_does_not_replace_the_record(lake: str) -> None:
    record_contest(lake, RECORD)
    record_contest(lake, ContestRecord("2026-11-20", "popularity", "too short", {}, 1, []))
    assert read_contest(lake) == RECORD
    record_contest(lake, ContestRecord("2026-11-25", "recency", "again", {}, 1, []))
    assert read_contest(lake) != RECORD
