"""`playhead alerts …`: what the real-time query found, and the rules by which it does."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from playhead.settings import get_settings

app = typer.Typer(help="Alerts: what was found, and the rules.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Rows as a JSON array.")]
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_SHOWN = ("raised_at", "severity", "rule_id", "event_type", "session_id", "playback_id", "value", "comparison", "threshold", "event_id")
_NEWEST = "SELECT * FROM log WHERE raised_at >= $since ORDER BY raised_at DESC, alert_id LIMIT $most"


def parse_age(text: str) -> timedelta:
    """`30m`, `1h` or `7d` as a timedelta."""
    found = re.fullmatch(r"(\d{1,4})([mhd])", text)
    if not found:
        raise typer.BadParameter(f"{text!r} is no span of time; write 30m, 1h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


@app.command("list")
def list_alerts(
    last: Annotated[str, typer.Option(help="How far back: 30m, 1h, 7d.")] = "1h",
    limit: Annotated[int, typer.Option(min=1, help="Alerts shown, the newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show the alerts of the last hour, the newest first."""
    from playhead.alerts.find import ALERTS_LOG
    from playhead.io.delta_table import query_log

    found = query_log(get_settings().lake, ALERTS_LOG, _NEWEST, {"since": datetime.now(UTC) - parse_age(last), "most": limit})
    rows = [{name: row[name] for name in _SHOWN} | {"raised_at": row["raised_at"].isoformat(timespec="milliseconds")} for row in found]
    _show(rows, _SHOWN, as_json=as_json)


@app.command()
def rules(as_json: AsJson = False) -> None:
    """Check the rules and show them."""
    from playhead.alerts.rules import Rule
    from playhead.jobs.alerts import read_rules

    path = get_settings().alert_rules_file
    _show([rule.model_dump() for rule in read_rules(path)], tuple(Rule.model_fields), as_json=as_json)


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table(*columns, caption=f"{len(rows)} rows")
    for row in rows:
        table.add_row(*(escape("" if row[column] is None else str(row[column])) for column in columns))
    Console().print(table)
