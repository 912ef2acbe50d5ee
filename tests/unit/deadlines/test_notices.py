"""Notices are given once, whoever gives them and however many try at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from deltalake.exceptions import CommitFailedError

from playhead.deadlines.notices import CLAIM_HOLDS, NOTICES, Claim, Notice, OpenMiss, Teller, claim, open_misses, tell_sent
from playhead.io.delta_table import append_rows, query_log, table_version

NOW = datetime(2026, 3, 3, 12, 30, tzinfo=UTC)
DUE = datetime(2026, 3, 3, 6, 0, tzinfo=UTC)
MISSED = Notice("missed", "gold.user_daily", "2026-03-02", DUE, "owner@playhead.example")
RECOVERED = Notice("recovered", "gold.user_daily", "2026-03-02", DUE, "owner@playhead.example", kept_at=NOW)


def test_whoever_claims_first_gives_the_notice(lake: str) -> None:
    assert claim(lake, [MISSED], told_by="airflow", now=NOW) == Claim([MISSED], 0)
    assert claim(lake, [MISSED, RECOVERED], told_by="watcher", now=NOW) == Claim([RECOVERED], 1)


def test_what_was_sent_is_never_given_again(lake: str) -> None:
    claim(lake, [MISSED], told_by="watcher", now=NOW)
    tell_sent(lake, [MISSED], told_by="watcher", now=NOW)
    assert claim(lake, [MISSED], told_by="airflow", now=NOW + timedelta(days=3)) == Claim([], 0)


def test_a_claim_that_was_never_sent_is_free_again_after_two_minutes(lake: str) -> None:
    claim(lake, [MISSED], told_by="watcher", now=NOW)
    assert claim(lake, [MISSED], told_by="airflow", now=NOW + CLAIM_HOLDS) == Claim([], 1)
    assert claim(lake, [MISSED], told_by="airflow", now=NOW + CLAIM_HOLDS + timedelta(seconds=1)) == Claim([MISSED], 0)
    assert claim(lake, [MISSED], told_by="watcher", now=NOW + CLAIM_HOLDS + timedelta(seconds=2)) == Claim([], 1), "claimed anew"


def test_of_many_that_claim_at_the_same_moment_one_gets_it(lake: str) -> None:
    claim(lake, [RECOVERED], told_by="watcher", now=NOW)  # the table is there, as it is but once in its life
    together = Barrier(4)

    def race(told_by: Teller) -> Claim:
        together.wait()
        return claim(lake, [MISSED], told_by=told_by, now=NOW)

    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(race, ["watcher", "airflow"] * 2))
    assert sorted(len(each.mine) for each in got) == [0, 0, 0, 1]


def test_a_claim_fails_where_another_was_made_since_it_looked(lake: str) -> None:
    """The guard of the race above; without `seen` both rows are there."""
    claim(lake, [RECOVERED], told_by="watcher", now=NOW)
    version = table_version(lake, NOTICES)
    assert version is not None
    row = query_log(lake, NOTICES, "SELECT * FROM log")[0]
    append_rows(lake, NOTICES, [row], progress={"claims": version + 1}, seen=version)
    with pytest.raises(CommitFailedError):
        append_rows(lake, NOTICES, [row], progress={"claims": version + 1}, seen=version)
    append_rows(lake, NOTICES, [row], progress={"claims": version + 1})
    assert len(query_log(lake, NOTICES, "SELECT * FROM log")) == 3


def test_a_miss_is_open_until_its_recovery_was_sent(lake: str) -> None:
    since = NOW - timedelta(days=35)
    assert open_misses(lake, since=since) == []
    claim(lake, [MISSED], told_by="watcher", now=NOW)
    assert open_misses(lake, since=since) == [], "nobody has been told yet"
    tell_sent(lake, [MISSED], told_by="watcher", now=NOW)
    claim(lake, [RECOVERED], told_by="watcher", now=NOW)
    assert open_misses(lake, since=since) == [OpenMiss("gold.user_daily", "2026-03-02", DUE)]
    assert open_misses(lake, since=DUE + timedelta(seconds=1)) == []
    tell_sent(lake, [RECOVERED], told_by="watcher", now=NOW)
    assert open_misses(lake, since=since) == []
