"""Bad and odd input through a real broker and the running app: each record is what its class says, and replayed once its cause is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bad_input.classes import CLASSES
from bad_input.judge import Verdict
from bad_input.run import run
from benchmarks.live_stream import LiveStream
from playhead.jobs.quarantine import Choice, replay
from playhead.quality.accounting import take_accounts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.slow]

RECORDS = 2_000
# A replay goes to the topic of its type, and its header tells when the broker first had it.
MENDED = ("wrong_topic", "header_that_is_no_text", "header_that_is_no_time")


@pytest.fixture(scope="module")
def verdict(app: Any) -> Verdict:
    return run(LiveStream(app.client["bootstrap.servers"], app.home), RECORDS)


def test_bad_input__nothing_valid_is_rejected_and_all_that_is_bad_is_kept_with_its_reason(verdict: Verdict) -> None:
    assert verdict.is_right, {what: classes for what, classes in verdict.wrong.items() if classes}
    assert set(verdict.right) == set(CLASSES)
    assert verdict.right.total() == RECORDS


def test_bad_input__what_a_replay_mends_lands_once_the_rest_is_quarantined_again(verdict: Verdict, app: Any, spark: SparkSession) -> None:
    before = take_accounts(app.lake, app.ledger)
    mended = sum(verdict.right[name] for name in MENDED)
    assert replay(spark, app.lake, app.client, app.ledger, Choice()) == before.quarantined
    app.land_all()
    valid = "SELECT count(*), count(DISTINCT event_id), count(DISTINCT replay_of) FROM bronze WHERE producer_id = 'quarantine-replay'"
    assert app.query(f"{valid} AND rejected_because IS NULL") == [(mended, mended, mended)]
    after = take_accounts(app.lake, app.ledger)
    assert (after.quarantined, after.acked_not_in_bronze, after.bronze_not_sent) == (before.quarantined - mended, 0, 0)
