"""`playhead live`: what happens now, by platform, from gold.qoe_live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from rich.table import Table

from playhead.cli_output import answers, json_option, print_json
from playhead.cli_start import settings

if TYPE_CHECKING:
    from playhead.observability.sources.live import Group

_COUNTS = ("open_count", "plays_count", "failed_count", "stall_ms", "open_ms", "ad_impressions_count", "ad_errors_count")


_SHAPE = "an object: age_s of the newest minute, and platforms, an array with " + ", ".join(
    ("platform", "open_count", "plays_count", "failed_pct", "stalled_pct", "ad_fill_pct")
)


def live(as_json: Annotated[bool, json_option(_SHAPE)] = False) -> None:
    """Show what happens now, by platform.

    Plays under way, and the last whole minute's starts, failures, stalls and ads.

    Examples:
      playhead live
      playhead live --json
    """
    from playhead.observability.sources.live import read_now

    now = datetime.now(UTC)
    told = summary(read_now(settings().lake, now=now), now)
    if as_json:
        print_json(told)
        return
    table = Table("platform", caption=_caption(told["age_s"]))
    for column in ("concurrent plays", "started a minute", "failed", "stalled", "ad fill"):
        table.add_column(column, justify="right")
    for row in told["platforms"]:
        shares = (_percent(row[name]) for name in ("failed_pct", "stalled_pct", "ad_fill_pct"))
        table.add_row(row["platform"], f"{row['open_count']:,}", f"{row['plays_count']:,}", *shares)
    answers.print(table)


def summary(groups: Sequence[Group], now: datetime) -> dict[str, Any]:
    """The platforms, the busiest first, and all of them together; a share is None where there is nothing to divide by."""
    sums: dict[str, dict[str, int]] = {}
    for group in groups:
        for name in (group.platform, "all"):
            counts = sums.setdefault(name, dict.fromkeys(_COUNTS, 0))
            for count in _COUNTS:
                counts[count] += getattr(group, count)
    every = [{"platform": platform, **_shares(counts)} for platform, counts in sums.items()]
    every.sort(key=lambda row: (row["platform"] == "all", -row["open_count"], row["platform"]))
    age_s = (now - groups[0].newest).total_seconds() if groups else None
    return {"age_s": age_s, "platforms": every}


def _shares(counts: dict[str, int]) -> dict[str, Any]:
    return {
        "open_count": counts["open_count"],
        "plays_count": counts["plays_count"],
        "failed_pct": _share(counts["failed_count"], counts["plays_count"]),
        "stalled_pct": _share(counts["stall_ms"], counts["open_ms"]),
        "ad_fill_pct": _share(counts["ad_impressions_count"], counts["ad_impressions_count"] + counts["ad_errors_count"]),
    }


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1f} %"


def _caption(age_s: float | None) -> str:
    if age_s is None:
        return "nothing has happened for an hour, or the query `live` does not run; see `playhead logs stream`"
    return f"the newest minute began {age_s:.0f} s ago"
