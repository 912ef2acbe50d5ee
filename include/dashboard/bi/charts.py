"""Charts: each has axis labels, colours that can be told apart on white and on black, and a text for those who do not see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import altair as alt

from bi.question import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

# Each stands out from white and from the dark theme's ground, and from its neighbours for those who see red and green alike.
COLOURS = ("#2f7fe0", "#d9730d", "#0f9968", "#a063e6", "#d9487d", "#7b8494", "#a88000", "#1391a6")
_HEIGHT = 300
# Of bars: what the axis below them takes, with a legend above them, and each of them alone and beside others.
_AXIS_HEIGHT, _LEGEND_HEIGHT, _BAR_HEIGHT, _THIN_BAR_HEIGHT = 70, 60, 26, 14
_SERIES, _VALUE = "SERIES", "VALUE"


def lines(frame: pd.DataFrame, series: Mapping[str, str], *, x: str, x_title: str, y_title: str) -> alt.Chart:
    """Columns of a frame as lines over its days; `series` names each in words."""
    long = frame.melt(id_vars=[x], value_vars=list(series), var_name=_SERIES, value_name=_VALUE)
    long[_SERIES] = long[_SERIES].map(dict(series))
    return _lines(long, _SERIES, _VALUE, list(series.values()), x=x, x_title=x_title, y_title=y_title)


def lines_by(frame: pd.DataFrame, by: str, value: str, *, x: str, x_title: str, y_title: str) -> alt.Chart:
    """One column as lines over days, a line for each value of another."""
    return _lines(frame, by, value, sorted(frame[by].dropna().unique()), x=x, x_title=x_title, y_title=y_title)


def _lines(frame: pd.DataFrame, by: str, value: str, names: Sequence[str], *, x: str, x_title: str, y_title: str) -> alt.Chart:
    day = f"utcyearmonthdate({x}):T"  # days are UTC's: by the reader's clock they would begin on the day before, west of Greenwich
    chart = alt.Chart(frame).mark_line(point=True, strokeWidth=2)
    encoded = chart.encode(
        x=alt.X(day, title=x_title, axis=alt.Axis(format="%d %b", labelOverlap=True)),
        y=alt.Y(f"{value}:Q", title=y_title, scale=alt.Scale(zero=True)),
        color=_colour(by, names),
        tooltip=[alt.Tooltip(day, title=x_title), alt.Tooltip(f"{by}:N", title=""), _told(value, y_title)],
    )
    return _described(encoded, f"{y_title} by {x_title.lower()}: {', '.join(names)}")


def bars(
    frame: pd.DataFrame, category: str, value: str, *, title: str, x_title: str, by: str = "", by_title: str = "", names: Sequence[str] = ()
) -> alt.Chart:
    """A bar for each row or, with `by`, one for each value of it beside the others, in the order of `names`; rows in the frame's order."""
    named = frame.assign(**{category: frame[category].fillna(UNKNOWN)})
    order = list(dict.fromkeys(named[category]))
    told = [alt.Tooltip(f"{category}:N", title=title), _told(value, x_title)]
    chart = alt.Chart(named).mark_bar(cornerRadiusEnd=2)
    axes = {
        "x": alt.X(f"{value}:Q", title=x_title),
        "y": alt.Y(f"{category}:N", title=title, sort=order, axis=alt.Axis(labelLimit=220, labelOverlap=False)),
    }
    if not by:
        encoded = chart.encode(**axes, color=alt.value(COLOURS[0]), tooltip=told)
        return _described(encoded, f"{x_title} by {title.lower()}", _AXIS_HEIGHT + _BAR_HEIGHT * len(order))
    there = sorted(named[by].dropna().unique())
    names = [name for name in names if name in there] or there
    encoded = chart.encode(
        **axes, yOffset=alt.YOffset(f"{by}:N", sort=names), color=_colour(by, names, by_title), tooltip=[*told, f"{by}:N"]
    )
    height = _AXIS_HEIGHT + _LEGEND_HEIGHT + _THIN_BAR_HEIGHT * len(order) * (len(names) + 1)
    return _described(encoded, f"{x_title} by {title.lower()} and {by_title.lower()}", height)


def columns(frame: pd.DataFrame, series: Mapping[str, str], *, x: str, x_title: str, y_title: str) -> alt.Chart:
    """Columns of a frame stacked upon each other, those below zero downwards; `series` names each in words."""
    long = frame.melt(id_vars=[x], value_vars=list(series), var_name=_SERIES, value_name=_VALUE)
    long[_SERIES] = long[_SERIES].map(dict(series))
    names = list(series.values())
    encoded = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=alt.X(f"{x}:O", title=x_title, axis=alt.Axis(labelAngle=0)),
            y=alt.Y(f"{_VALUE}:Q", title=y_title),
            color=_colour(_SERIES, names),
            tooltip=[alt.Tooltip(f"{x}:O", title=x_title), alt.Tooltip(f"{_SERIES}:N", title=""), _told(_VALUE, y_title)],
        )
    )
    return _described(encoded, f"{y_title} by {x_title.lower()}: {', '.join(names)}")


def steps(frame: pd.DataFrame, x: str, y: str, *, x_title: str, y_title: str) -> alt.Chart:
    """A curve through the frame's points, in their order."""
    encoded = (
        alt.Chart(frame)
        .mark_area(line={"color": COLOURS[0]}, point={"color": COLOURS[0]}, color=COLOURS[0], opacity=0.35)
        .encode(
            x=alt.X(f"{x}:Q", title=x_title),
            y=alt.Y(f"{y}:Q", title=y_title, scale=alt.Scale(zero=True)),
            tooltip=[_told(x, x_title), _told(y, y_title)],
        )
    )
    return _described(encoded, f"{y_title} by {x_title.lower()}")


def cells(frame: pd.DataFrame, x: str, y: str, value: str, *, x_title: str, y_title: str, title: str) -> alt.LayerChart:
    """A cell for each row, the darker the greater its value, with the value in it; the first of y stands on top."""
    most = float(frame[value].max())
    place = {
        "x": alt.X(f"{x}:O", title=x_title, axis=alt.Axis(labelAngle=0)),
        "y": alt.Y(f"{y}:O", title=y_title, sort=list(dict.fromkeys(frame[y]))),
        "tooltip": [alt.Tooltip(f"{y}:O", title=y_title), alt.Tooltip(f"{x}:O", title=x_title), _told(value, title)],
    }
    shade = alt.Color(f"{value}:Q", scale=alt.Scale(range=["#ffffff", COLOURS[0]], domain=[0, most]), legend=None)
    shaded = alt.Chart(frame).mark_rect().encode(color=shade, **place)
    # Dark letters on pale cells and pale ones on dark: both can be read in every theme.
    ink = alt.condition(f"datum['{value}'] > {most * 0.6}", alt.value("#ffffff"), alt.value("#111111"))
    written = alt.Chart(frame).mark_text(fontSize=12).encode(text=alt.Text(f"{value}:Q", format=".0f"), color=ink, **place)
    layered: alt.LayerChart = (shaded + written).properties(description=f"{title} by {y_title} and {x_title}", height=_HEIGHT)
    return layered


def _colour(by: str, names: Sequence[str], title: str = "") -> alt.Color:
    palette = [COLOURS[place % len(COLOURS)] for place in range(len(names))]
    legend = alt.Legend(orient="top", title=title or None, columns=8) if len(names) > 1 else None
    return alt.Color(f"{by}:N", scale=alt.Scale(domain=list(names), range=palette), legend=legend)


def _told(column: str, title: str) -> alt.Tooltip:
    return alt.Tooltip(f"{column}:Q", title=title, format=",.2f")


def _described(chart: alt.Chart, description: str, height: int = _HEIGHT) -> alt.Chart:
    return chart.properties(description=description, height=height)
