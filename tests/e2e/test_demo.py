"""The main job, end to end on the real stack: events in through Kafka, answers out of the warehouse, and nothing lost on the way."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from deltalake import DeltaTable
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from playhead.demo.flow import see_through, settle, wait_for_bronze
from playhead.local.airflow_env import ADMIN, admin_password
from playhead.warehouse.lineage import LINEAGE

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
from differences import compare
from oracle_told import Told

from oracle import oracle_gold, oracle_views

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
REAL_PLAYER = "hls.js 1.7.4"  # as pinned in the player's package.json; simulated players tell no version
BUILDS = ["build_hourly", "build_daily", "load_warehouse", "retrain_churn", "recommend_titles"]


def _silent(_: str) -> None:
    """Progress that nobody reads."""


def _hashes(demo: Any) -> dict[tuple[str, str], str]:
    """Content hash of every published partition, by table and key; the last publish counts."""
    rows = DeltaTable(str(demo.home / "lake" / "ops" / "publish_log")).to_pyarrow_table().to_pylist()
    return {(r["table_name"], r["partition_key"]): r["content_hash"] for r in sorted(rows, key=lambda r: r["published_at"])}


def test_books_balance_and_every_part_did_its_work(demo: Any) -> None:
    result = demo.result
    assert result["unaccounted"] == 0
    assert result["accounts"]["is_balanced"]
    assert result["sent"] == result["acked"] == result["bronze"] > 1000
    assert result["quarantined"] > 0
    assert result["late"] > 0
    assert result["duplicates"] > 0
    assert result["silver"] + result["duplicates"] + result["late"] + result["accounts"]["rejected"] == result["bronze"]
    # A run of stream_watch is always under way: it waits for trouble.
    assert set(result["dag_runs"]) <= {"success", "queued", "running"}
    assert result["dag_runs"]["success"] >= 5
    assert all(rows for rows in result["views"].values())


def test_no_event_minute_of_silver_differs_from_bronze(demo: Any) -> None:
    found = json.loads(demo.playhead("reconcile", "--all", "--json"))
    assert found["differences"] == []
    assert found["events"] == demo.result["silver"]


@pytest.fixture(scope="module")
def simulated(demo: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The events that the demo sent, as files."""
    directory = tmp_path_factory.mktemp("simulated")
    demo.playhead("simulate", "--users", str(demo.users), "--days", str(demo.days), "--output", "jsonl", "--dir", str(directory))
    return sorted(directory.glob("*.jsonl"))


def test_gold_and_views_equal_the_oracle(demo: Any, simulated: list[Path]) -> None:
    """Every column that the oracle tells, of every row: counts and sums exactly, ratios within 1e-9."""
    with demo.airflow() as api:
        settle(api, BUILDS, _silent)  # a load between two questions would be told by one of them only
    as_of = demo.query("SELECT MAX(EVENT_DATE) AS D FROM GOLD.AUDIENCE_DAILY")[0]["D"]
    told = Told(*(demo.query(f"SELECT * FROM {told}") for told in ("GOLD.CHURN_SCORES", "GOLD.RECOMMENDATIONS", "OPS.LOAD_LOG")))
    recomputed = oracle_gold(simulated, as_of, told=told) | oracle_views(simulated, as_of)
    for name, _rows_count, differing in compare(demo.query, recomputed):
        assert differing == [], name


def test_serving_tells_what_the_warehouse_shows(demo: Any) -> None:
    rows = demo.query("SELECT * FROM BI.V_RECOMMENDATIONS ORDER BY VIEWER_ID, RECOMMENDATION_RANK")
    url = f"http://127.0.0.1:{demo.settings.port('serving')}/v1/recommendations"
    with httpx.Client(trust_env=False) as client:
        for viewer in sorted({row["VIEWER_ID"] for row in rows})[:3]:
            answer = client.get(f"{url}/{viewer}").raise_for_status().json()
            served = [(each["recommendation_rank"], each["content_id"]) for each in answer["recommendations"]]
            assert served == [(row["RECOMMENDATION_RANK"], row["CONTENT_ID"]) for row in rows if row["VIEWER_ID"] == viewer]
            assert answer["score_date"] == rows[0]["AS_OF"].isoformat()
        assert client.get(f"{url}/nobody").json()["ranked_by"] == "popularity"


def test_serving_works_out_the_risk_that_the_warehouse_shows(demo: Any) -> None:
    """Of who did nothing since the last complete day: the day's run and a question go the same way."""
    rows = {
        row["USER_ID"]: row for row in demo.query("SELECT * FROM BI.V_CHURN_RISK ORDER BY DAYS_SINCE_LAST_ACTIVE DESC, USER_ID LIMIT 3")
    }
    url = f"http://127.0.0.1:{demo.settings.port('serving')}/v1/churn"
    with httpx.Client(trust_env=False, timeout=120) as client:
        told = [client.get(f"{url}/{user}").raise_for_status().json() for user in rows]
        assert client.get(f"{url}/nobody").status_code == 404
    for answer in told:
        row = rows[answer["user_id"]]
        if answer["cutoff_date"] == row["AS_OF"].isoformat():
            assert answer["churn_probability"] == pytest.approx(row["CHURN_RISK_SCORE"], abs=1e-9)
            assert answer["top_reasons"] == row["TOP_REASONS"]
        else:
            assert answer["days_since_last_active"] == 0
    assert any(answer["cutoff_date"] == rows[answer["user_id"]]["AS_OF"].isoformat() for answer in told)
    (user, *_) = rows
    assert json.loads(demo.playhead("churn", "score", user, "--json"))["churn_probability"] == told[0]["churn_probability"]


@pytest.mark.parametrize("view", [view for view, lineage in LINEAGE.items() if lineage.counted])
def test_a_number_is_explained_by_the_rows_it_counts(demo: Any, view: str) -> None:
    with demo.airflow() as api:
        settle(api, BUILDS, _silent)  # the warehouse holds the newest build
    lineage = LINEAGE[view]
    most = next(iter(lineage.counted.values()))
    (row,) = demo.query(f"SELECT * FROM BI.{view} ORDER BY {most} DESC LIMIT 1")
    keys = [part for column in lineage.keys for part in ("--key", f"{column}={row[column]}")]
    told = json.loads(demo.playhead("explain", view, *keys, "--json"))
    assert {each["counted_as"]: each["rows"] for each in told["sources"] if each["counted_as"]} == {
        column: row[column] for column in lineage.counted.values()
    }
    assert len(told["event_ids"]) == min(told["events"], 1000) > 0
    assert told["rows"][0]["AS_OF"] == row["AS_OF"].isoformat()


def test_backfill_of_a_day_rebuilds_exactly_that_day_verifies_it_and_mails_nothing(demo: Any) -> None:
    before = _hashes(demo)
    build_log = DeltaTable(str(demo.home / "lake" / "ops" / "build_log"))
    runs_before = build_log.to_pyarrow_table().num_rows
    day = demo.query("SELECT MAX(EVENT_DATE) AS D FROM GOLD.AUDIENCE_DAILY")[0]["D"] - timedelta(days=2)
    told = json.loads(demo.playhead("backfill", "--from", day.isoformat(), "--to", day.isoformat(), "--verify", "--json"))
    assert (told["runs"], told["failed"], told["changed"], told["verified"]) == (1, 0, [], True), told
    assert list(told["checks"]) == ["published again", "as stored", "books", "loaded"]
    assert all(check["looked_at"] > 0 for check in told["checks"].values()), told["checks"]
    with demo.airflow() as api:
        runs = [run for run in api.runs("build_daily") if run["run_type"] == "backfill"]
        assert [run["data_interval_start"][:10] for run in runs] == [day.isoformat()]
        settle(api, BUILDS, _silent)
    rows = [r for r in build_log_rows(demo) if r["run_kind"] == "backfill"]
    assert len(build_log_rows(demo)) > runs_before
    assert len(rows) == 1
    assert {hour.strftime("%Y-%m-%d") for hour in rows[0]["touched_hours"]} == {day.isoformat()}
    published = DeltaTable(str(demo.home / "lake" / "ops" / "publish_log")).to_pyarrow_table().to_pylist()
    rebuilt = {r["partition_key"][:10] for r in published if r["run_id"] == rows[0]["run_id"]}
    assert rebuilt == {day.isoformat()}
    assert _hashes(demo) == before, "a rebuild gives the same content"
    assert [mail for mail in demo.mails("missed") if f", {day.isoformat()}" in mail] == []


def build_log_rows(demo: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = DeltaTable(str(demo.home / "lake" / "ops" / "build_log")).to_pyarrow_table().to_pylist()
    return rows


def test_a_missed_deadline_is_mailed_exactly_once_and_so_is_its_recovery(demo: Any) -> None:
    """The stack runs with PLAYHEAD_DEADLINE_SCALE=0, so the one scheduled run of build_daily misses its deadline.

    Airflow's triggerer and the watcher both look, and both may find it.
    """
    with demo.airflow() as api:
        (run,) = [run for run in api.runs("build_daily") if run["run_type"] == "scheduled"]
    told = f"gold.user_daily, {run['data_interval_start'][:10]} (UTC)"
    assert len([mail for mail in demo.mails("missed") if told in mail]) == 1

    @retry(retry=retry_if_exception_type(AssertionError), stop=stop_after_delay(120), wait=wait_fixed(1), reraise=True)
    def recovered() -> None:
        assert len([mail for mail in demo.mails("recovered") if told in mail]) == 1

    recovered()


def test_a_run_with_a_deadline_can_be_cleared(demo: Any) -> None:
    """With Airflow's own deadline by queued time that fails (airflow#70368)."""
    url = demo.settings.airflow_url
    login = {"username": ADMIN, "password": admin_password(demo.home)}
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client, demo.airflow() as api:
        token = client.post("/auth/token", json=login).json()["access_token"]
        (run,) = [run for run in api.runs("build_daily") if run["run_type"] == "scheduled"]
        cleared = client.post(
            f"/api/v2/dags/build_daily/dagRuns/{run['dag_run_id']}/clear",
            json={"dry_run": False},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert cleared.status_code == 200, cleared.text
        see_through(api, "build_daily", run["dag_run_id"], _silent)
        settle(api, BUILDS, _silent)


def test_a_real_play_comes_out_of_gold_and_changes_nothing_else(demo: Any) -> None:
    missing = [name for name in ("chromium", "ffmpeg", "npm") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: apt-get install {' '.join(missing)}")
    before = _hashes(demo)
    measured = json.loads(demo.playhead("play-real", "--plays", "2", "--json", timeout=300))
    wait_for_bronze(demo.settings, _silent)
    demo.playhead("build", "daily")
    plays = DeltaTable(str(demo.home / "lake" / "silver" / "playbacks")).to_pyarrow_table().to_pylist()
    by_id = {play["playback_id"]: play for play in plays}
    for page in measured:
        play = by_id[page["playback_id"]]
        assert play["is_started"]
        assert play["player"] == REAL_PLAYER
        assert abs(play["startup_ms"] - page["startup_ms"]) <= 250
        assert abs(play["stall_ms"] - sum(page["stalls_ms"])) <= 250 * max(1, len(page["stalls_ms"]))
    hours = {by_id[page["playback_id"]]["event_hour"] for page in measured}
    gold = DeltaTable(str(demo.home / "lake" / "gold" / "qoe_hourly")).to_pyarrow_table().to_pylist()
    real = [row for row in gold if row["event_hour"] in hours and row["player"] == REAL_PLAYER]
    assert sum(row["plays_count"] for row in real) == len(measured)
    assert sum(row["stall_ms"] for row in real) == sum(by_id[page["playback_id"]]["stall_ms"] for page in measured)
    after = _hashes(demo)
    assert {key: after[key] for key in before} == before, "the simulated population is untouched"
