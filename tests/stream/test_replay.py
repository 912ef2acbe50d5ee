"""Replaying the quarantine: the same bytes go through the stream again, once, and the books know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from playhead.errors import BuildError
from playhead.jobs.quarantine import Choice, replay
from playhead.quality.accounting import take_accounts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.slow]


def test_replay__a_record_of_the_wrong_topic_comes_in_by_the_right_one(app: Any, spark: SparkSession) -> None:
    app.send("misplaced", [app.session_start(900), b"junk"], topic="ad_events")
    app.land_all()
    assert _rejected(app) == [["malformed_json"], ["wrong_topic"]]
    before = take_accounts(app.lake, app.ledger)

    choice = Choice(reasons=("wrong_topic",))
    assert replay(spark, app.lake, app.client, app.ledger, choice) == 1
    with pytest.raises(BuildError, match="on their way to bronze"):
        replay(spark, app.lake, app.client, app.ledger, choice)
    app.land_all()

    assert app.query("SELECT topic, rejected_because FROM bronze WHERE replay_of IS NOT NULL") == [("session_events", None)]
    assert replay(spark, app.lake, app.client, app.ledger, choice) == 0, "what was replayed has left the quarantine"
    after = take_accounts(app.lake, app.ledger)
    assert (before.quarantined, after.quarantined) == (2, 1)
    assert after.acked_not_in_bronze == after.bronze_not_sent == 0


def _rejected(app: Any) -> list[list[str]]:
    found = app.query("SELECT rejected_because FROM bronze WHERE rejected_because IS NOT NULL ORDER BY 1")
    return [list(row[0]) for row in found]
