"""Scores are kept once per run, beside the weeks before, and told the worst first. No engine runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from playhead.cli import app
from playhead.contracts.model import load_contract
from playhead.io.delta_table import append_rows, query_log, table_version
from playhead.jobs.quality_scores import QUALITY_SCORES, read_scores, write_scores
from playhead.quality.profile import PartitionProfile
from playhead.quality.score import scored_row
from playhead.settings import get_settings

EVENTS, DAILY = "silver.video_events", "gold.user_daily"
HOUR = datetime(2026, 2, 2, 5, tzinfo=UTC)
OVER = HOUR + timedelta(hours=1)
DOCS_PAGE = "validations/silver__video_events/run:1+2/page.html"


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield str(tmp_path / "lake")
    get_settings.cache_clear()


def key(hour: datetime) -> str:
    return f"{hour:%Y-%m-%dT%H}"


def scored(hour: datetime, rows_count: int = 1000, *, broken: int = 0, **verdict: Any) -> dict[str, Any]:
    """What the gate leaves of an hour of video events."""
    rules = {"range:stall_ms": broken} if broken else {}
    profile = PartitionProfile(key(hour), rows_count, f"hash{rows_count}", rules, {"validity": broken}, rows_count, {"startup_ms": 900.0})
    return scored_row(load_contract(EVENTS), profile, {}, **({"is_refused": False, "docs_page": None} | verdict))


def weeks_before(count: int, rows_count: int = 1000, **change: Any) -> list[dict[str, Any]]:
    return [scored(HOUR - timedelta(weeks=weeks), rows_count, **change) for weeks in range(1, count + 1)]


def stored(lake: str, run_id: str) -> list[dict[str, Any]]:
    sql = "SELECT partition_key, rows_count, compared_weeks_count, anomalies FROM log WHERE run_id = $run_id ORDER BY partition_key"
    return query_log(lake, QUALITY_SCORES, sql, {"run_id": run_id})


def test_write_scores__one_commit_for_all_tables_and_none_for_a_run_that_is_written(lake: str) -> None:
    other = [scored_row(load_contract(DAILY), PartitionProfile("2026-02-01", 5, "hash"), {}, is_refused=False, docs_page=None)]
    for _ in range(2):
        write_scores(lake, "run", "build_daily", {EVENTS: [scored(HOUR)], DAILY: other, "gold.qoe_hourly": []}, as_of=OVER)

    assert table_version(lake, QUALITY_SCORES) == 1, "the table's own commit, and one"
    assert [(row["table_name"], row["partition_key"], row["total_score"]) for row in read_scores(lake)] == [
        (EVENTS, "2026-02-02T05", 100.0),
        (DAILY, "2026-02-01", 100.0),
    ]


def test_write_scores__a_run_that_built_nothing_makes_no_commit(lake: str) -> None:
    write_scores(lake, "run", "build_hourly", {EVENTS: []}, as_of=OVER)
    assert table_version(lake, QUALITY_SCORES) is None


def test_half_the_volume_of_weeks_before_is_unusual_whichever_runs_wrote_those(lake: str) -> None:
    before = weeks_before(4)
    write_scores(lake, "first", "build_daily", {EVENTS: before[1:]}, as_of=OVER)
    write_scores(lake, "run", "build_daily", {EVENTS: [before[0], scored(HOUR, 500)]}, as_of=OVER)

    assert [row["anomalies"] for row in stored(lake, "run")] == [[], [("rows_count", 0.5)]]
    assert [row["compared_weeks_count"] for row in stored(lake, "run")] == [0, 4]


def test_an_hour_that_was_not_over_when_its_data_was_pinned_is_not_compared(lake: str) -> None:
    """It would always look too small."""
    write_scores(lake, "first", "build_daily", {EVENTS: weeks_before(4)}, as_of=OVER)
    write_scores(lake, "run", "build_hourly", {EVENTS: [scored(HOUR, 500)]}, as_of=OVER - timedelta(seconds=1))

    assert [(row["compared_weeks_count"], row["anomalies"]) for row in stored(lake, "run")] == [(0, [])]


def test_what_was_refused_is_no_measure_of_the_usual(lake: str) -> None:
    """The same weeks as they were published later are."""
    write_scores(lake, "refused", "build_daily", {EVENTS: weeks_before(5, 500, broken=1, is_refused=True)}, as_of=OVER)
    write_scores(lake, "run", "build_daily", {EVENTS: [scored(HOUR, 1000)]}, as_of=OVER)
    write_scores(lake, "published", "build_daily", {EVENTS: weeks_before(5)}, as_of=OVER)
    write_scores(lake, "again", "build_daily", {EVENTS: [scored(HOUR, 500)]}, as_of=OVER)

    together = [*weeks_before(5, 500, broken=1, is_refused=True), scored(HOUR)]
    write_scores(f"{lake}2", "run", "build_daily", {EVENTS: together}, as_of=OVER)

    assert stored(lake, "run")[0]["compared_weeks_count"] == 0
    assert stored(f"{lake}2", "run")[-1]["compared_weeks_count"] == 0
    assert stored(lake, "again")[0]["anomalies"] == [("rows_count", 0.5)]


def test_rows_without_a_partition_are_scored_and_compared_with_nothing(lake: str) -> None:
    row = scored(HOUR, 3, broken=1, is_refused=True) | {"partition_key": "none"}
    write_scores(lake, "run", "build_daily", {EVENTS: [row]}, as_of=OVER)

    assert [(row["partition_key"], row["compared_weeks_count"]) for row in read_scores(lake)] == [("none", 0)]


def test_read_scores__the_worst_first_as_judged_last_and_with_a_trend(lake: str) -> None:
    first = [scored(HOUR, broken=500, is_refused=True), scored(HOUR + timedelta(hours=1), broken=100)]
    write_scores(lake, "first", "build_daily", {EVENTS: first}, as_of=OVER)
    write_scores(lake, "second", "build_daily", {EVENTS: [scored(HOUR)]}, as_of=OVER)

    assert [(row["partition_key"], row["total_score"], row["trend"], row["broken_rules"]) for row in read_scores(lake)] == [
        ("2026-02-02T06", 90.0, -10.0, {"range:stall_ms": 100}),
        ("2026-02-02T05", 100.0, None, {}),
    ]
    assert [row["trend"] for row in read_scores(lake, since="2026-02-02T06")] == [-10.0], "what came before is still its measure"
    assert read_scores(lake, table=DAILY) == []


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["quality", *arguments], env={"COLUMNS": "240"})


def test_command__shows_scores_what_is_unusual_and_where_data_docs_say_more(lake: str, tmp_path: Path) -> None:
    rows = [*weeks_before(4), scored(HOUR, 500, broken=1, is_refused=True, docs_page=DOCS_PAGE)]
    write_scores(lake, "run", "build_daily", {EVENTS: rows}, as_of=OVER)

    done = invoke()

    assert done.exit_code == 0
    for told in ("2026-02-02T05 (refused)", "99.80", "-0.20", "rows_count 0.50 times the usual", "not compared"):
        assert told in done.output
    page = (tmp_path / "data_docs" / "validations" / "silver__video_events" / "run:1+2" / "page.html").as_uri()
    assert f"{EVENTS}/2026-02-02T05: {page}" in done.output


def test_command__a_score_is_rounded_down_so_that_only_what_is_without_fault_is_100(lake: str) -> None:
    write_scores(lake, "run", "build_daily", {EVENTS: [scored(HOUR, 1_000_000, broken=1)]}, as_of=OVER)
    assert "99.99" in invoke().output


def test_command__json_has_every_row_of_the_table_and_time_asked_for(lake: str) -> None:
    rows = [scored(HOUR - timedelta(days=1)), scored(HOUR, docs_page=DOCS_PAGE)]
    write_scores(lake, "run", "build_daily", {EVENTS: rows}, as_of=OVER)

    (row,) = json.loads(invoke("--json", "--table", EVENTS, "--since", "2026-02-02").output)
    assert (row["partition_key"], row["total_score"], row["docs"].endswith("page.html")) == ("2026-02-02T05", 100.0, True)
    assert json.loads(invoke("--json", "--since", "2026-02-02T06").output) == []
    assert [row["docs"] for row in json.loads(invoke("--json").output)][1:] == [None]


def test_command__without_any_says_so_and_an_unknown_table_names_the_tables(lake: str) -> None:
    assert "No build has scored" in invoke().output
    done = invoke("--table", "gold.nothing")
    assert done.exit_code != 0
    assert "gold.content_daily" in str(done.exception)
    assert invoke("--since", "yesterday").exit_code == 2


def test_the_contract_of_the_scores_is_what_is_written(lake: str) -> None:
    """A required column that is never set would be NULL in every row."""
    write_scores(lake, "run", "build_daily", {EVENTS: [scored(HOUR)]}, as_of=OVER)
    (row,) = query_log(lake, QUALITY_SCORES, "SELECT * FROM log")
    assert {name for name, value in row.items() if value is None} == {"docs_page"}
    append_rows(lake, QUALITY_SCORES, [row | {"anomalies": {}, "broken_rules": {}, "watched_means": {}}])
