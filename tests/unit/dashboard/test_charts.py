"""Charts say what their axes are, and their colours can be seen on light and on dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt
import pandas as pd
import pytest

from bi.charts import COLOURS, bars, columns, lines, lines_by, steps

DAYS = pd.DataFrame(
    {"EVENT_DATE": pd.to_datetime(["2026-11-23", "2026-11-24"]), "A": [1, 2], "B": [3, 4], "PLATFORM": ["web", None], "CDN": ["x", "y"]}
)
AXES = {"x_title": "Day", "y_title": "Users"}
CHARTS: dict[str, Callable[[], alt.Chart]] = {
    "lines": lambda: lines(DAYS, {"A": "Ones", "B": "Others"}, x="EVENT_DATE", **AXES),
    "lines_by": lambda: lines_by(DAYS, "CDN", "A", x="EVENT_DATE", **AXES),
    "bars": lambda: bars(DAYS, "PLATFORM", "A", title="Platform", x_title="Users"),
    "bars by": lambda: bars(DAYS, "PLATFORM", "A", title="Platform", x_title="Users", by="CDN", by_title="CDN"),
    "columns": lambda: columns(DAYS, {"A": "Ones", "B": "Others"}, x="CDN", **AXES),
    "steps": lambda: steps(DAYS, "A", "B", **AXES),
}
# The grounds of Streamlit's themes: light, dark, and dark of the releases that Snowflake has.
GROUNDS = ("#ffffff", "#171614", "#0e1117")
READABLE = 3.0  # WCAG 1.4.11, graphical objects


def luminance(colour: str) -> float:
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("colour", COLOURS)
def test_colour__stands_out_from_both_grounds(colour: str, ground: str) -> None:
    assert contrast(colour, ground) >= READABLE


def test_contrast__of_black_and_white_is_21() -> None:
    """The measure itself: WCAG's greatest contrast."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("name", CHARTS)
def test_chart__names_its_axes_and_describes_itself(name: str) -> None:
    drawn: dict[str, Any] = CHARTS[name]().to_dict()
    assert all(drawn["encoding"][axis]["title"] for axis in ("x", "y"))
    assert "by" in drawn["description"]


def test_lines__each_series_has_its_name_and_colour() -> None:
    colour = CHARTS["lines"]().to_dict()["encoding"]["color"]["scale"]
    assert colour == {"domain": ["Ones", "Others"], "range": list(COLOURS[:2])}


def test_lines__days_are_those_of_utc_wherever_the_reader_is() -> None:
    drawn = CHARTS["lines"]().to_dict()["encoding"]
    assert drawn["x"]["timeUnit"] == drawn["tooltip"][0]["timeUnit"] == "utcyearmonthdate"


def test_bars__names_that_are_there_come_in_their_order() -> None:
    drawn = bars(DAYS, "PLATFORM", "A", title="Platform", x_title="Users", by="CDN", by_title="CDN", names=("y", "z", "x")).to_dict()
    assert drawn["encoding"]["color"]["scale"]["domain"] == ["y", "x"]


def test_bars__keep_the_order_of_the_rows_and_tell_of_those_without_a_name() -> None:
    assert CHARTS["bars"]().to_dict()["encoding"]["y"]["sort"] == ["web", "unknown"]
