"""gold.qoe_breakdown_daily: sums worked by hand."""

from __future__ import annotations

from collections import Counter

from playhead.gold.qoe_breakdown_daily import BREAKDOWNS, build_qoe_breakdown_daily


def test_qoe_breakdown_daily__each_play_stands_once_in_each_breakdown(rows):
    playbacks = rows(
        "silver.playbacks",
        {"at": "24 05:00", "content_id": "c1", "connection_type": "wifi", "country": "DE", "region": "Berlin", "stall_ms": 900},
        {"at": "24 23:59", "content_id": "c1", "connection_type": "cellular", "country": "US", "region": "Berlin", "stall_ms": 50},
        {"at": "24 06:00", "content_id": "c2", "connection_type": None, "country": None, "region": None, "stall_ms": 7},
        {"at": "25 00:00", "content_id": "c1"},
    )

    built = [row for row in build_qoe_breakdown_daily(playbacks).collect() if row.event_date.day == 24]

    plays = Counter()
    for row in built:
        plays[row.breakdown] += row.plays_count
    assert plays == dict.fromkeys(BREAKDOWNS, 3)
    stalled = {(row.breakdown, row.breakdown_value): row.stall_ms for row in built}
    assert (stalled["content_id", "c1"], stalled["content_id", "c2"]) == (950, 7)
    assert (stalled["connection_type", "wifi"], stalled["connection_type", "unknown"]) == (900, 7)
    # Two towns of one name are two regions.
    assert {value: ms for (breakdown, value), ms in stalled.items() if breakdown == "region"} == {
        "DE, Berlin": 900, "US, Berlin": 50, "unknown, unknown": 7,
    }  # fmt: skip


def test_qoe_breakdown_daily__what_plays_did(rows):
    moves = {"seek_count": 2, "seek_ms": 300, "pause_count": 1, "quality_changes_count": 3, "upshifts_count": 2, "downshifts_count": 1}
    playbacks = rows("silver.playbacks", {"at": "24 05:00", "startup_ms": 2_000, **moves}, {"at": "24 06:00", "upshifts_count": None})

    (row,) = (row for row in build_qoe_breakdown_daily(playbacks).collect() if row.breakdown == "platform")

    assert {name: row[name] for name in moves} == moves
    assert (row.plays_count, row.startup_ms_count, float(row.startup_score)) == (2, 1, 80.0)
