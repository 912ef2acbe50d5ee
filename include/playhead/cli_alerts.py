"""`playhead alerts …`: what the real-time query found, and the rules by which it does."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json
from playhead.cli_start import settings

app = typer.Typer(help="What broke a rule just now, and the rules.", no_args_is_help=True)

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_TOLD = (
    *("raised_at", "severity", "rule_id", "event_type", "measure", "value", "comparison", "threshold"),
    *("session_id", "playback_id", "event_id"),
)
_RULES_SHAPE = "an array with an object for each rule, as its file has it: rule_id, severity, event_type, measure, comparison, threshold, …"
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
    as_json: Annotated[bool, json_option(f"an array with an object for each alert: {', '.join(_TOLD)}")] = False,
) -> None:
    """Show the alerts of the last hour, the newest first.

    Examples:
      playhead alerts list
      playhead alerts list --last 7d --limit 20 --json
    """
    from playhead.alerts.find import ALERTS_LOG
    from playhead.io.delta_table import query_log

    found = query_log(settings().lake, ALERTS_LOG, _NEWEST, {"since": datetime.now(UTC) - parse_age(last), "most": limit})
    if as_json:
        rows = [{name: row[name] for name in _TOLD} | {"raised_at": row["raised_at"].isoformat(timespec="milliseconds")} for row in found]
        print_json(rows)
        return
    table = Table("raised (UTC)", "severity", "rule", "event", "because", "play or session", caption=_count(len(found), "alert"))
    for row in found:
        because = f"{row['measure']} {row['value']:g} {row['comparison']} {row['threshold']:g}"
        whose = row["playback_id"] or row["session_id"]
        table.add_row(f"{row['raised_at']:%m-%d %H:%M:%S}", row["severity"], row["rule_id"], row["event_type"], because, escape(whose))
    answers.print(table)


@app.command()
def rules(as_json: Annotated[bool, json_option(_RULES_SHAPE)] = False) -> None:
    """Check the rules and show them.

    Examples:
      playhead alerts rules
    """
    from playhead.jobs.alerts import read_rules

    found = read_rules(settings().alert_rules_file)
    if as_json:
        print_json([rule.model_dump() for rule in found])
        return
    table = Table("rule", "severity", "event", "raised where", "meaning", caption=_count(len(found), "rule"))
    for rule in found:
        where = f"{rule.measure} {rule.comparison} {rule.threshold:g}" if rule.enabled else "disabled"
        table.add_row(rule.rule_id, rule.severity, rule.event_type, where, escape(rule.description))
    answers.print(table)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
