"""What the dashboard says: numbers with their units, how far data goes, what is late, columns in words, and CSV that stays data."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest

from bi import numbers
from bi.freshness import told_as_of, told_late
from bi.tables import as_csv, words


@pytest.mark.parametrize(
    ("form", "value", "shown"),
    [
        (numbers.count, 0, "0"),
        (numbers.count, 12_345, "12,345"),
        (numbers.count, 99_999, "99,999"),
        (numbers.count, 100_000, "100.0 k"),
        (numbers.count, 2_287_445, "2.29 M"),
        (numbers.dollars, 63.6, "$63.60"),
        (numbers.dollars, -5, "-$5.00"),
        (numbers.dollars, 1_250_000, "$1.25 M"),
        (numbers.percent, 37.64, "37.6 %"),
        (numbers.signed_percent, 2, "+2.0 %"),
        (numbers.minutes, 40.6, "40.6 min"),
        (numbers.hours, 1234.4, "1,234 h"),
        (numbers.seconds, 1500, "1.50 s"),
        (numbers.megabits, 3250, "3.25 Mbit/s"),
    ],
)
def test_number__is_told_with_its_unit(form: numbers.Form, value: float, shown: str) -> None:
    assert form(value) == shown


@pytest.mark.parametrize("form", [numbers.count, numbers.dollars, numbers.percent, numbers.seconds])
def test_number__what_nobody_knows_is_no_zero(form: numbers.Form) -> None:
    assert [form(None), form(float("nan"))] == [numbers.DASH, numbers.DASH]


def late_table(**values: Any) -> dict[str, Any]:
    due = datetime(2026, 11, 26, 4, 30)  # noqa: DTZ001  the warehouse's times are UTC without a zone
    return {"TABLE_NAME": "gold.qoe_hourly", "NEWEST_INTERVAL": "2026-11-25T23", "DUE_AT": due, "IS_LATE": True} | values


def test_told_late__names_the_table_its_end_and_its_deadline() -> None:
    on_time = late_table(TABLE_NAME="gold.ad_daily", IS_LATE=False)
    assert told_late([on_time]) == ""
    assert told_late([late_table(), on_time]) == (
        "Not up to date. gold.qoe_hourly ends with 2026-11-25, hour 23; more was due by 2026-11-26 04:30 UTC."
    )


def test_told_late__a_table_that_was_never_loaded_has_no_end() -> None:
    assert told_late([late_table(NEWEST_INTERVAL=None, DUE_AT=pd.NaT)]) == "Not up to date. gold.qoe_hourly was never loaded."


def test_told_as_of__says_that_the_day_may_go_on() -> None:
    assert told_as_of(date(2026, 11, 24)) == "Data as of 2026-11-24, in UTC days; that day may not be complete."


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ("DAILY_ACTIVE_USERS", "Daily active users"),
        ("STICKINESS_PCT", "Stickiness (%)"),
        ("STARTUP_P95_ESTIMATE_MS", "Startup p95 estimate (ms)"),
        ("AVERAGE_BITRATE_KBPS", "Average bitrate (kbit/s)"),
        ("CDN", "CDN"),
        ("CTR_PCT", "CTR (%)"),
        ("NET_MRR", "Net MRR"),
        ("AD_CAMPAIGN_ID", "Ad campaign ID"),
    ],
)
def test_words__tell_name_and_unit(column: str, shown: str) -> None:
    assert words(column) == shown


def test_as_csv__what_a_spreadsheet_would_run_stays_text() -> None:
    frame = pd.DataFrame({"TITLE": ["=1+1", "@a", "-x", "plain", None], "PLAYS": [1, -2, 3, 4, 5]})
    assert as_csv(frame).decode().splitlines() == ["TITLE,PLAYS", "'=1+1,1", "'@a,-2", "'-x,3", "plain,4", ",5"]
