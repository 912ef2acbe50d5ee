"""Which bronze rows become silver events: each guard, with the rows it keeps out beside the ones it must let through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from playhead.silver.arrivals import filter_accepted, filter_conflicts, filter_first_arrivals

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Rows = Callable[..., "DataFrame"]
HOUR = 3600
_NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def stop(event_id: str, at: float = 0, **fields: Any) -> dict[str, Any]:
    """A valid video_stop in bronze; `platform` tells copies of one event apart."""
    return {"event_id": event_id, "at": at, "event_type": "video_stop", "family": "video"} | fields


def kept(events: DataFrame) -> list[tuple[str, str]]:
    return sorted((row.event_id, row.platform) for row in events.select("event_id", "platform").collect())


def test_filter_accepted__leaves_out_rejected_late_and_other_families(rows: Rows) -> None:
    events = rows(
        "bronze.events",
        stop("good"),
        stop("rejected", rejected_because=["enum:platform"], raw=b"{}"),
        stop("reason-without-bytes", rejected_because=["enum:platform"]),
        stop("bytes-without-reason", raw=b"{}"),
        stop("late", is_late=True),
        stop("ad", family="ad"),
        stop("no-family", family=None),
    )
    assert kept(filter_accepted(events, "video")) == [("good", "roku")]
    assert kept(filter_accepted(events, "ad")) == [("ad", "roku")]


FIRST = {"kafka_timestamp": timedelta(0), "topic": "a", "partition": 1, "offset": 1}
SECOND = {"kafka_timestamp": timedelta(seconds=1), "topic": "b", "partition": 2, "offset": 2}


@pytest.mark.parametrize("decided_by", list(FIRST))
def test_filter_first_arrivals__first_arrival_wins(rows: Rows, decided_by: str) -> None:
    """Broker time, topic, partition, offset: each decides where all before it are equal, whatever those after it say."""
    place = list(FIRST).index(decided_by)
    earlier = {k: FIRST[k] if i <= place else SECOND[k] for i, k in enumerate(FIRST)}
    later = {k: FIRST[k] if i < place else (SECOND[k] if i == place else FIRST[k]) for i, k in enumerate(FIRST)}
    events = rows("bronze.events", *(_arrived(copy, platform) for copy, platform in ((later, "web"), (earlier, "roku"))))
    assert kept(filter_first_arrivals(events)) == [("twice", "roku")]


def _arrived(copy: dict[str, Any], platform: str) -> dict[str, Any]:
    return stop("twice", platform=platform) | copy | {"kafka_timestamp": _NOON + copy["kafka_timestamp"]}


def test_filter_first_arrivals__another_hour_is_no_duplicate(rows: Rows) -> None:
    """Silver builds by the hour and cannot look across; the audit can, and says so in ops.id_conflicts (next test)."""
    events = rows("bronze.events", stop("again", 0), stop("again", HOUR, platform="web"), stop("again", 60, platform="ios", offset=5))
    assert kept(filter_first_arrivals(events)) == [("again", "roku"), ("again", "web")]


def test_filter_conflicts__leaves_out_the_other_hour_only(rows: Rows) -> None:
    events = rows("bronze.events", stop("again", 0), stop("again", HOUR, platform="web"), stop("changed", 0))
    one_pm = F.lit("2026-11-24 13:00:00").cast("timestamp")
    noon = F.lit("2026-11-24 12:00:00").cast("timestamp")
    conflicts = rows("ops.id_conflicts", {"event_id": "again"}, {"event_id": "changed", "conflict": "other_content"}).withColumn(
        "event_hour", F.when(F.col("event_id") == "again", one_pm).otherwise(noon)
    )
    assert kept(filter_conflicts(events, conflicts)) == [("again", "roku"), ("changed", "roku")]
    # told twice (two audits), it still takes nothing else away
    assert kept(filter_conflicts(events, conflicts.union(conflicts))) == [("again", "roku"), ("changed", "roku")]
    assert len(kept(filter_conflicts(events, rows("ops.id_conflicts")))) == 3
