"""gold.qoe_hourly: sums worked by hand."""

from __future__ import annotations

from decimal import Decimal

from playhead.gold.qoe_hourly import build_qoe_hourly


def test_qoe_hourly__sums_of_one_hour(rows):
    playbacks = rows(
        "silver.playbacks",
        {"at": "24 05:00", "startup_ms": 500, "watched_ms": 60_000, "stall_ms": 1_000, "stall_count": 2, "is_completed": True},
        {"at": "24 05:59", "startup_ms": 2_001, "watched_ms": 30_000, "media_bits": 8_000, "media_ms": 4, "dropped_frames_count": 7},
        {"at": "24 05:30", "startup_ms": None, "is_started": False, "is_failed": True, "is_startup_failure": True, "errors_count": 1},
        {"at": "24 05:31", "startup_ms": None, "is_started": False, "is_exit_before_start": True, "is_ended": False, "watched_ms": 900},
    )

    (row,) = build_qoe_hourly(playbacks).collect()

    assert row.plays_count == 4
    assert (row.started_count, row.failed_count, row.startup_failures_count, row.exits_before_start_count) == (2, 1, 1, 1)
    assert (row.ended_count, row.completed_count) == (3, 1)
    assert row.watched_ms == 60_000 + 30_000 + 0 + 900
    assert (row.stall_ms, row.stall_count, row.media_bits, row.media_ms) == (1_000, 2, 8_000, 4)
    assert (row.dropped_frames_count, row.errors_count) == (7, 1)
    assert (row.startup_ms, row.startup_ms_count) == (2_501, 2)  # 500 + 2001; the two unknown ones count nowhere


def test_qoe_hourly__histogram_is_cumulative_and_edges_belong_to_their_bin(rows):
    startups = [0, 500, 501, 2_000, 16_000, 16_001, None]
    playbacks = rows("silver.playbacks", *({"at": "24 05:00", "startup_ms": ms} for ms in startups))

    (row,) = build_qoe_hourly(playbacks).collect()

    # <=0.5 s: 0, 500; <=1 s: and 501; <=2 s: and 2000; <=4 s and <=8 s: no more; <=16 s: and 16000; 16001 is in no bin
    bins = [row[f"startup_le_{edge}ms_count"] for edge in (500, 1000, 2000, 4000, 8000, 16000)]
    assert bins == [2, 3, 4, 4, 4, 5]
    assert row.startup_ms_count == 6


def test_qoe_hourly__ended_after_start_is_neither_who_goes_on_nor_who_never_began(rows):
    never = {"startup_ms": None, "is_started": False}
    playbacks = rows(
        "silver.playbacks",
        {"at": "24 05:00"},
        {"at": "24 05:10", "is_failed": True},
        {"at": "24 05:20", "is_ended": False},
        {"at": "24 05:30", "is_exit_before_start": True, **never},
        {"at": "24 05:40", "is_failed": True, "is_startup_failure": True, **never},
    )

    (row,) = build_qoe_hourly(playbacks).collect()

    assert (row.plays_count, row.ended_count, row.ended_after_start_count) == (5, 4, 2)


def test_qoe_hourly__scores_are_sums_with_the_plays_that_have_one(rows):
    left = {"startup_ms": None, "is_started": False, "is_exit_before_start": True}
    playbacks = rows(
        "silver.playbacks",
        {"at": "24 05:00", "startup_ms": 400},
        {"at": "24 05:10", "startup_ms": 8_000},
        {"at": "24 05:20", "startup_ms": None, "is_failed": True},
        {"at": "24 05:30", "watched_ms": 1_000, **left},
        {"at": "24 05:40", "watched_ms": 999, **left},
    )

    (row,) = build_qoe_hourly(playbacks).collect()

    assert row.startup_score == Decimal("145.2381")  # 800 / 8.4 + 800 / 16, to four decimals
    assert (row.success_score, row.success_scored_count) == (100 + 100 + 0 + 50, 4)  # not who left within a second


def test_qoe_hourly__smoothness_of_plays_that_started(rows):
    playbacks = rows(
        "silver.playbacks",
        {"at": "24 05:00", "watched_ms": 60_000},  # 100
        {"at": "24 05:10", "watched_ms": 1_200_000, "stall_count": 4, "stall_ms": 60_000},
        {"at": "24 05:20", "watched_ms": 0},  # told its startup and no more: 100
        {"at": "24 05:30", "is_started": False, "is_failed": True, "watched_ms": 9_000},
    )

    (row,) = build_qoe_hourly(playbacks).collect()

    assert row.smoothness_score == Decimal("252.6872")  # 100 + (44.7214 + 60.6531) / 2 + 100


def test_qoe_hourly__unknown_dimensions_are_named_and_nothing_is_lost(rows):
    playbacks = rows(
        "silver.playbacks",
        {"at": "24 05:00", "cdn": None, "country": "DE", "player": "hls.js"},
        {"at": "24 05:10", "cdn": None, "country": "DE", "player": "hls.js"},
        {"at": "24 05:20", "cdn": "alpha", "country": None, "player": None},
    )

    found = {(r.cdn, r.country, r.player): r.plays_count for r in build_qoe_hourly(playbacks).collect()}

    assert found == {("unknown", "DE", "hls.js"): 2, ("alpha", "unknown", "unknown"): 1}


def test_qoe_hourly__midnight_parts_hours_and_days(rows):
    playbacks = rows("silver.playbacks", {"at": "24 23:59", "watched_ms": 7_200_000}, {"at": "25 00:00", "watched_ms": 1})

    found = {(str(r.event_date), f"{r.event_hour:%d %H}"): r.watched_ms for r in build_qoe_hourly(playbacks).collect()}

    # a play that runs two hours past midnight stays in the hour it started in
    assert found == {("2026-11-24", "24 23"): 7_200_000, ("2026-11-25", "25 00"): 1}
