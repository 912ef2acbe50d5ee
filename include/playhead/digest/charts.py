"""The digest's pictures, as PNG: mail readers show no SVG and run no script."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _FAINT, _LINE, _BAR, _BAD = "#1f2937", "#6b7280", "#2563eb", "#93c5fd", "#b91c1c"
_SOUND = 99.0  # a score below it is drawn in red


def draw_days(days: Sequence[date], active: Sequence[float], hours: Sequence[float]) -> bytes:
    """Active viewers and hours watched by day, one above the other on one axis of days."""
    figure = _figure(7.2, 3.4)
    above, below = figure.subplots(2, 1, sharex=True)
    above.plot(days, active, color=_LINE, linewidth=1.8, marker="o", markersize=3)
    below.bar(days, hours, color=_BAR, width=0.8)
    for axes, title, values in ((above, "Active viewers by day", active), (below, "Hours watched by day", hours)):
        _dress(axes, title, grid="y")
        axes.set_ylim(0, max(values) * 1.1 or 1)
    below.xaxis.set_major_formatter(_short_days())
    return _png(figure)


def draw_scores(tables: Sequence[str], lowest: Sequence[float]) -> bytes:
    """The lowest score of each table, the worst on top."""
    figure = _figure(7.2, 0.9 + 0.26 * len(tables))
    axes = figure.subplots()
    bars = axes.barh(tables[::-1], lowest[::-1], color=[_BAD if score < _SOUND else _BAR for score in lowest[::-1]], height=0.7)
    axes.bar_label(bars, labels=[f"{score:.1f}" for score in lowest[::-1]], padding=4, fontsize=8, color=_INK)
    axes.set_xlim(0, 110)
    axes.set_xticks([0, 25, 50, 75, 100])
    _dress(axes, "Lowest quality score of the partitions judged since yesterday (100 is best)", grid="x")
    return _png(figure)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure  # a second of imports, for one mail a day

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def _dress(axes: Axes, title: str, *, grid: Literal["x", "y"]) -> None:
    axes.set_title(title, loc="left", fontsize=10, color=_INK)
    axes.tick_params(labelsize=8, colors=_FAINT, length=0)
    axes.grid(axis=grid, color="#e5e7eb", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)


def _short_days() -> Any:
    from matplotlib.dates import DateFormatter

    return DateFormatter("%d %b")  # type: ignore[no-untyped-call]


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()
