"""Whether the warehouse has followed a backfill, against a real one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from snowflake.connector import SnowflakeConnection

from playhead.backfills.scope import open_scope
from playhead.backfills.verify import Check, check_loaded

DAY = datetime(2026, 11, 22, tzinfo=UTC)
PLACE = ("gold.user_daily", "2026-11-22")


def test_a_partition_counts_as_loaded_by_its_content(connection: SnowflakeConnection, gold: Any) -> None:
    row = gold.row("gold.user_daily", event_date=gold.day("2026-11-22"), viewer_id="ann", platform="web")
    gold.publish("gold.user_daily", {"2026-11-22": [row]})
    gold.record()
    gold.load(connection)
    scope = open_scope("build_daily", DAY, DAY, now=datetime(2026, 11, 24, tzinfo=UTC))
    assert check_loaded(connection, scope, {PLACE: "hash-1"}, within_s=0) == Check("loaded", 1, [])
    assert check_loaded(connection, scope, {PLACE: "hash-9"}, within_s=0) == Check("loaded", 1, ["gold.user_daily/2026-11-22"])
    gold.publish("gold.user_daily", {"2026-11-22": [row | {"plays_count": 7}]})
    gold.record()
    gold.load(connection)
    assert check_loaded(connection, scope, {PLACE: "hash-3"}, within_s=0).wrong == []
