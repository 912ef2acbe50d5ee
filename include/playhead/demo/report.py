"""What the demo shows at its end, and writes to .playhead/demo.json: the books, the views' first rows, the runs, the addresses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from playhead.quality.accounting import Accounts
from playhead.warehouse.values import plain_row, plain_value

# The first rows of each view, in the order that tells most; today has only just begun, so days are shown up to yesterday.
VIEW_QUERIES = {
    "V_DAILY_ACTIVE_USERS": "SELECT * FROM BI.V_DAILY_ACTIVE_USERS WHERE EVENT_DATE < CURRENT_DATE ORDER BY EVENT_DATE DESC LIMIT 5",
    "V_TOP_CONTENT": "SELECT * FROM BI.V_TOP_CONTENT ORDER BY VIEW_RANK LIMIT 5",
    "V_PLATFORM_QUALITY": "SELECT * FROM BI.V_PLATFORM_QUALITY ORDER BY PLAYS DESC LIMIT 5",
    "V_RECOMMENDATIONS": "SELECT * FROM BI.V_RECOMMENDATIONS ORDER BY VIEWER_ID, RECOMMENDATION_RANK LIMIT 5",
    "V_CHURN_RISK": "SELECT * FROM BI.V_CHURN_RISK ORDER BY CHURN_RISK_SCORE DESC, USER_ID LIMIT 5",
}
# What a terminal has room for; demo.json has every column.
_SHOWN = {
    "V_DAILY_ACTIVE_USERS": (
        *("event_date", "daily_active_users", "weekly_active_users", "monthly_active_users"),
        *("stickiness_pct", "plays", "watch_minutes_per_user", "revenue"),
    ),
    "V_TOP_CONTENT": (
        *("view_rank", "content_title", "content_type", "content_genre", "total_views_30d"),
        *("unique_viewers_30d", "watch_hours_30d", "trending_score"),
    ),
    "V_PLATFORM_QUALITY": (
        *("platform", "player", "cdn", "plays", "startup_p50_estimate_ms", "startup_p95_estimate_ms"),
        *("playback_failure_pct", "rebuffering_pct"),
    ),
    "V_RECOMMENDATIONS": (
        "viewer_id",
        "recommendation_rank",
        "content_title",
        "content_genre",
        "recommendation_score",
        "reason",
        "ranked_by",
    ),
    "V_CHURN_RISK": ("user_id", "churn_risk_category", "churn_risk_score", "days_since_last_active", "subscription_tier", "top_reasons"),
}
_BOOKS = ("sent", "acked", "bronze", "silver", "quarantined", "late", "duplicates", "unaccounted")


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Everything the demo found out. `seconds` counts from the command's start."""

    accounts: Accounts
    real_player_plays: int
    views: dict[str, list[dict[str, Any]]]
    dag_runs: dict[str, int]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; `unaccounted` comes from anti-joins of ids, never from a subtraction."""
        books = self.accounts.to_dict()
        return {
            **{name: books[name] for name in _BOOKS},
            "real_player_plays": self.real_player_plays,
            "views": {view: [plain_row(row) for row in rows] for view, rows in self.views.items()},
            "dag_runs": self.dag_runs,
            "seconds": round(self.seconds, 1),
            "accounts": books,
        }

    def write(self, path: Path) -> None:
        """Write the result as JSON."""
        path.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")


def show(console: Console, result: DemoResult) -> None:
    """Print the books and the first rows of the views."""
    books = result.accounts.to_dict()
    table = Table(title="The books: every event, by anti-joins of ids", title_justify="left")
    for name in _BOOKS:
        table.add_column(name, justify="right")
    table.add_row(*(f"{books[name]:,}" for name in _BOOKS))
    console.print(table)
    for view, rows in result.views.items():
        console.print(_view_table(view, rows))
    runs = ", ".join(f"{count} {state}" for state, count in result.dag_runs.items())
    console.print(f"DAG runs: {runs}. Real player plays: {result.real_player_plays}. {result.seconds:.0f} s in all.", highlight=False)


def _view_table(view: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=view, title_justify="left")
    for name in _SHOWN[view]:
        numeric = bool(rows) and not isinstance(plain_value(rows[0][name.upper()]), str)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(_cell(name, row[name.upper()]) for name in _SHOWN[view]))
    return table


def _cell(name: str, value: Any) -> str:
    shown = plain_value(value)
    if isinstance(shown, float):
        return f"{shown:,.3f}" if name.endswith("score") else f"{shown:,.1f}"
    if isinstance(shown, int):
        return f"{shown:,}"
    return "" if shown is None else str(shown)
