"""jobs/recommend.py: contest and lists over viewers whose taste is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from playhead.errors import ModelError, TooEarlyError
from playhead.io.delta import read_table
from playhead.io.delta_table import table_version
from playhead.jobs.recommend import hold_contest, recommend
from playhead.jobs.run_context import RunContext

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RUN = RunContext("recommend_titles", "manual__1")
DAY_34 = date(2026, 2, 3)
INPUT = "gold.user_content_daily"
TITLES = 40


def tasteful_days(viewers: int, days: int, seed: int) -> list[dict[str, Any]]:
    """Viewers who like either even or odd titles, nine times in ten; the lower its number, the more popular a title."""
    rng = np.random.default_rng(seed)
    popularity = 1.0 / np.arange(3, TITLES // 2 + 3)
    rows: dict[tuple[int, int, int], dict[str, Any]] = {}
    for viewer in range(viewers):
        for day in range(1, days + 1):
            taste = viewer % 2 if rng.uniform() < 0.9 else 1 - viewer % 2
            title = 2 * int(rng.choice(TITLES // 2, p=popularity / popularity.sum())) + taste
            rows[viewer, day, title] = {
                "day": day, "user": f"v{viewer:03d}", "content_id": f"t{title:02d}", "plays_count": 1, "watched_ms": 600_000,
            }  # fmt: skip
    return list(rows.values())


@dataclass(frozen=True)
class World:
    spark: SparkSession
    lake: str
    rows: list[dict[str, Any]]
    contest: dict[str, Any]
    lists: dict[str, Any]

    def published(self, day: date = DAY_34) -> list[Any]:
        return sorted(read_table(self.spark, self.lake, "gold.recommendations").filter(f"score_date = DATE'{day}'").collect())

    def log(self) -> list[Any]:
        told = read_table(self.spark, self.lake, "ops.publish_log").filter("table_name = 'gold.recommendations'")
        return told.orderBy("run_id").collect()


@pytest.fixture(scope="module")
def world(spark, publish, tmp_path_factory) -> World:
    """The viewers published, and one run of both steps."""
    lake, rows = str(tmp_path_factory.mktemp("home") / "lake"), tasteful_days(viewers=160, days=35, seed=7)
    publish(lake, INPUT, rows)
    return World(spark, lake, rows, hold_contest(spark, lake, RUN), recommend(spark, lake, RUN))


def test_recommend__the_model_finds_the_taste_and_beats_both_baselines(world):
    judged = world.contest["judged"]
    assert world.contest["score_date"] == DAY_34.isoformat()  # day 35 is not over: no later day has begun
    assert world.contest["ships"] == "als"
    assert set(judged) == {"als", "popularity", "recency"}
    assert min(judged["als"]["ndcg"] / judged[name]["ndcg"] for name in ("popularity", "recency")) > 1.1
    own = [int(r.content_id[1:]) % 2 == int(r.viewer_id[1:]) % 2 for r in world.published() if r.recommendation_rank <= 3]
    assert np.mean(own) > 0.8


def test_recommend__nobody_is_told_of_a_title_seen_in_the_last_28_days(world):
    seen = {(row["user"], row["content_id"]) for row in world.rows if 7 <= row["day"] <= 34}
    older = {(row["user"], row["content_id"]) for row in world.rows if row["day"] < 7} - seen
    told = {(r.viewer_id, r.content_id) for r in world.published()}
    assert told & seen == set()
    assert told & older, "a title seen before may come again"


def test_recommend__lists_are_ranked_from_1_without_a_gap_and_say_why(world):
    lists: dict[str, list[Any]] = {}
    for row in world.published():
        lists.setdefault(row.viewer_id, []).append(row)
    seen = {(row["user"], row["content_id"]) for row in world.rows}
    assert len(lists) == 160
    for viewer, rows in lists.items():
        assert [r.recommendation_rank for r in rows] == list(range(1, len(rows) + 1))
        assert [r.recommendation_score for r in rows] == sorted((r.recommendation_score for r in rows), reverse=True)
        assert len({r.content_id for r in rows}) == len(rows)
        assert {(viewer, r.because_content_id) for r in rows if r.because_content_id} <= seen
    assert np.mean([row.because_content_id is not None for row in world.published()]) > 0.9


def test_recommend__the_log_says_from_what_and_the_run_leaves_nothing_behind(world):
    (logged,) = [row for row in world.log() if row.run_id == RUN.key]
    assert (logged.partition_key, logged.bronze_version, logged.rows_count) == (DAY_34.isoformat(), 7, len(world.published()))
    assert logged.inputs == {INPUT: table_version(world.lake, INPUT)}
    assert not list(Path(world.lake).rglob("*recommendations_plan*"))
    with pytest.raises(ModelError, match="run its contest step"):
        recommend(world.spark, world.lake, RUN)


def test_recommend__the_same_data_again_gives_the_same_lists(world):
    again, before = replace(RUN, run_id="manual__2"), world.published()
    hold_contest(world.spark, world.lake, again)
    recommend(world.spark, world.lake, again)
    assert world.published() == before
    assert len({row.content_hash for row in world.log() if row.partition_key == DAY_34.isoformat()}) == 1


def test_recommend__backfill_tells_what_its_day_would_have_told(world, publish, tmp_path):
    """What came later changes nothing of a past day."""
    interval = (datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 1, 21, tzinfo=UTC))
    past = RunContext("recommend_titles", "backfill__1", kind="backfill", interval=interval)
    short = str(tmp_path / "lake")
    publish(short, INPUT, [row for row in world.rows if row["day"] <= 21])

    for lake in (world.lake, short):
        hold_contest(world.spark, lake, past)
        recommend(world.spark, lake, past)

    day = date(2026, 1, 20)
    then = sorted(read_table(world.spark, short, "gold.recommendations").collect())
    assert then
    assert {r.score_date for r in then} == {day}
    assert world.published(day) == then


def test_recommend__short_history_ships_popular_titles_and_says_so(spark, publish, lake):
    viewers = {"v1": "abc", "v2": "ab", "v3": "a", "v4": "d"}
    played = [{"user": user, "content_id": title} for user, titles in viewers.items() for title in titles]
    publish(lake, INPUT, [{"day": day, "plays_count": 1, "watched_ms": 60_000, **row} for day in (1, 2, 3) for row in played])

    contest = hold_contest(spark, lake, RUN)
    recommend(spark, lake, RUN)

    assert (contest["ships"], contest["judged"]) == ("popularity", {})
    assert "0 viewers could be judged" in contest["reason"]
    found: dict[str, list[str]] = {}
    for row in sorted(read_table(spark, lake, "gold.recommendations").collect()):
        assert (row.ranked_by, row.because_content_id) == ("popularity", None)
        found.setdefault(row.viewer_id, []).append(row.content_id)
    assert found == {"v1": ["d"], "v2": ["c", "d"], "v3": ["b", "c", "d"], "v4": ["a", "b", "c"]}


def test_recommend__half_a_minute_shows_liking_and_less_only_that_it_was_seen(spark, publish, lake):
    def played(user: str, title: str, watched_ms: int) -> list[dict[str, Any]]:
        return [{"day": day, "user": user, "content_id": title, "plays_count": 1, "watched_ms": watched_ms} for day in (1, 2)]

    publish(lake, INPUT, played("v1", "a", 30_000) + played("v1", "b", 29_999) + played("v2", "c", 30_000) + played("v2", "a", 1))
    hold_contest(spark, lake, RUN)
    recommend(spark, lake, RUN)

    told = {(r.viewer_id, r.content_id) for r in read_table(spark, lake, "gold.recommendations").collect()}
    assert told == {("v1", "c")}, "b is liked by nobody, and v2 has seen a"


def test_recommend__nothing_that_anybody_likes_is_too_early(spark, publish, lake):
    publish(lake, INPUT, [{"day": day, "user": "v1", "content_id": "a", "plays_count": 1, "watched_ms": 1} for day in (1, 2)])
    hold_contest(spark, lake, RUN)
    with pytest.raises(TooEarlyError, match="nothing to rank"):
        recommend(spark, lake, RUN)


def test_recommend__no_gold_at_all_names_the_next_step(spark, lake):
    with pytest.raises(TooEarlyError, match="run build_daily"):
        hold_contest(spark, lake, RUN)


def test_recommend__who_has_seen_everything_has_no_list_and_nobody_having_one_is_no_failure(spark, publish, lake):
    publish(lake, INPUT, [{"day": day, "user": "v1", "content_id": "a", "plays_count": 1, "watched_ms": 60_000} for day in (1, 2)])
    hold_contest(spark, lake, RUN)
    assert recommend(spark, lake, RUN) == {"score_date": "2026-01-01", "ranked_by": "popularity", "rows": 0}
    assert read_table(spark, lake, "gold.recommendations").count() == 0
