"""`playhead build` and `playhead contracts`: builds without Airflow, and what each event and table promises."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from playhead.contracts.compatibility import Mode
from playhead.contracts.model import event_types, load_contract, table_names
from playhead.contracts.shapes import Contract
from playhead.errors import PlayheadError
from playhead.settings import Settings, get_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

build = typer.Typer(help="Build silver and gold without Airflow: the same steps in the same order.", no_args_is_help=True)
contracts = typer.Typer(help="What each event and table promises.", no_args_is_help=True)
_out = Console()
_Moment = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M"], help="UTC.")]


@build.command("hourly")
def build_hourly() -> None:
    """Build the newest three touched hours and the hourly gold, as the DAG build_hourly does."""
    from playhead.jobs.build import build_hour

    settings = get_settings()
    _tell(build_hour(_session(settings), settings.lake, _run_id("hourly"), docs=settings.data_docs))


@build.command("daily")
def build_daily() -> None:
    """Audit ids, build every touched hour and all gold, as the DAG build_daily does."""
    from playhead.jobs.build import build_day

    settings = get_settings()
    _tell(build_day(_session(settings), settings.lake, _run_id("daily"), docs=settings.data_docs))


@build.command("backfill")
def build_backfill(start: _Moment, end: _Moment) -> None:
    """Rebuild exactly the hours from START up to END, and the gold of days that lie wholly within; moves no cursor."""
    from playhead.jobs.build import build_interval

    settings = get_settings()
    first, last = start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
    if first >= last:
        raise typer.BadParameter(f"START {start:%Y-%m-%dT%H:%M} must lie before END {end:%Y-%m-%dT%H:%M}")
    _tell(build_interval(_session(settings), settings.lake, _run_id("backfill"), first, last, docs=settings.data_docs))


@contracts.command("list")
def contracts_list() -> None:
    """Every event type and table, with grain, writer and owner."""
    table = Table("name", "grain", "columns", "writer", "owner")
    for name in table_names():
        contract = load_contract(name)
        table.add_row(name, contract.grain, str(len(contract.columns)), contract.writer, contract.owner)
    for event_type in event_types().values():
        table.add_row(f"event {event_type.name}", f"topic {event_type.topic}", str(len(event_type.columns)), "players", "")
    _out.print(table)


@contracts.command("show")
def contracts_show(name: Annotated[str, typer.Argument(help="A table (silver.playbacks) or an event type (video_play).")]) -> None:
    """The columns of one table or event type, with what is demanded of them."""
    event_type = event_types().get(name)
    contract: Contract | None = None if event_type else load_contract(name)
    described = event_type or contract
    if described is None:
        raise PlayheadError(f"no contract is called {name!r}; list them with `playhead contracts list`")
    if contract is not None:
        _out.print(f"{contract.name}: {contract.description} {contract.grain}; partitioned by {contract.partition}.", highlight=False)
    table = Table("column", "type", "required", "key", "personal data", "meaning")
    for column in described.columns:
        marks = ("yes" if column.required else "", "yes" if column.is_key else "")
        table.add_row(column.name, column.type, *marks, column.classification or "", column.description)
    _out.print(table)
    for condition in described.conditions:
        _out.print(f"{condition.name}: {condition.description}", highlight=False)


@contracts.command("check")
def contracts_check(
    against: Annotated[str, typer.Option(help="The git commit, branch or tag whose readers and data must go on working.")],
    mode: Annotated[Mode | None, typer.Option(help="One mode for all; by default FULL_TRANSITIVE for events, FULL for tables.")] = None,
) -> None:
    """Compare the contracts with those of an earlier commit; exit code 1 where readers or data of it would break, naming the field.

    A contract that means to break raises its major version.
    """
    from playhead.contracts.history import check_contracts

    found = check_contracts(Path(str(files("playhead.contracts"))), against, mode)
    for each in found:
        for broken in each.breaks:
            _out.print(f"{each.name}: {broken} ({each.mode}, since {each.since})", highlight=False, soft_wrap=True)
    if found:
        raise PlayheadError(
            f"{len(found)} contracts are not compatible with {against}: make the change another way, or raise their major version"
        )
    _out.print(f"All contracts are compatible with {against}.", highlight=False)


@contracts.command("suites")
def contracts_suites(
    directory: Annotated[Path | None, typer.Option(help="The Great Expectations context; by default the one beside the package.")] = None,
) -> None:
    """Write the Great Expectations suites again, as the contracts say now."""
    from playhead.quality.gate import CONTEXT_ROOT
    from playhead.quality.suites import write_suites

    written = write_suites(directory or CONTEXT_ROOT)
    _out.print(f"{len(written)} suites written to {written[0].parent}", highlight=False)


def _session(settings: Settings) -> SparkSession:
    from playhead.spark import connect

    return connect(settings.remote)


def _run_id(kind: str) -> str:
    return f"cli__{kind}__{datetime.now(UTC):%Y-%m-%dT%H%M%S}__{uuid4().hex[:6]}"


def _tell(summary: dict[str, Any]) -> None:
    _out.print("  ".join(f"{name}={value}" for name, value in summary.items()), highlight=False)
