"""`playhead build …`: builds without Airflow."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import typer

from playhead.cli_output import answers, json_option, print_json
from playhead.cli_start import engine, settings

app = typer.Typer(help="Build silver and gold: what the DAGs do, without Airflow.", no_args_is_help=True)
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M"]
_Start = Annotated[datetime, typer.Argument(formats=_FORMATS, metavar="START", help="First hour (UTC), as 2026-11-01 or 2026-11-01T05.")]
_End = Annotated[datetime, typer.Argument(formats=_FORMATS, metavar="END", help="The hour (UTC) that is no longer rebuilt.")]
_Json = Annotated[bool, json_option("an object: run_id, kind, hours, pending, partitions")]


@app.command("hourly")
def build_hourly(as_json: _Json = False) -> None:
    """Build the newest three touched hours, and the hourly gold.

    As the DAG build_hourly does.

    Examples:
      playhead build hourly
    """
    from playhead.jobs.build import build_hour

    values = settings()
    _tell(build_hour(engine(values.remote), values.lake, _run_id("hourly"), docs=values.data_docs), as_json=as_json)


@app.command("daily")
def build_daily(as_json: _Json = False) -> None:
    """Audit ids, build every touched hour and all gold.

    As the DAG build_daily does.

    Examples:
      playhead build daily
    """
    from playhead.jobs.build import build_day

    values = settings()
    _tell(build_day(engine(values.remote), values.lake, _run_id("daily"), docs=values.data_docs), as_json=as_json)


@app.command("backfill")
def build_backfill(start: _Start, end: _End, as_json: _Json = False) -> None:
    """Rebuild the hours from START up to END.

    And the gold of days that lie wholly within. It moves no cursor: the next build goes on where the last one ended.

    Examples:
      playhead build backfill 2026-11-01 2026-11-03
      playhead build backfill 2026-11-01T05 2026-11-01T08
    """
    from playhead.jobs.build import build_interval

    values = settings()
    first, last = start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
    if first >= last:
        raise typer.BadParameter(f"START {start:%Y-%m-%dT%H:%M} must lie before END {end:%Y-%m-%dT%H:%M}")
    _tell(build_interval(engine(values.remote), values.lake, _run_id("backfill"), first, last, docs=values.data_docs), as_json=as_json)


def _run_id(kind: str) -> str:
    return f"cli__{kind}__{datetime.now(UTC):%Y-%m-%dT%H%M%S}__{uuid4().hex[:6]}"


def _tell(summary: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(summary)
    else:
        answers.print("  ".join(f"{name}={value}" for name, value in summary.items()), highlight=False)
