"""`playhead query`, `playhead load`, `playhead views`: the warehouse from the command line."""

from __future__ import annotations

import csv
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json
from playhead.cli_start import settings
from playhead.errors import SettingsError
from playhead.warehouse.values import plain_value

_QUERY_SHAPE = "an array with an object for each row, columns in capitals"
_LOAD_SHAPE = "an array with an object for each table: TABLE, PARTITIONS, ROWS"
_VIEWS_SHAPE = "an array with an object for each view: VIEW, ROWS, AS_OF"

app = typer.Typer(help="The warehouse: ask it, load it, see its views.", no_args_is_help=True)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT, SHOW or DESCRIBE statement, in Snowflake's SQL.")],
    as_json: Annotated[bool, json_option(_QUERY_SHAPE)] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Rows as CSV with a header.")] = False,
    allow_write: Annotated[bool, typer.Option("--allow-write", help="Run statements that change the warehouse, too.")] = False,
    limit: Annotated[int, typer.Option(help="Rows shown in the table; --json and --csv give all.")] = 100,
) -> None:
    """Ask the warehouse, in SQL.

    `playhead views` tells what can be asked.

    Examples:
      playhead query "select * from BI.V_TOP_CONTENT order by VIEW_RANK limit 10"
      playhead query "show views in schema BI" --json
    """
    from playhead.io.snowflake import ask_rows, warehouse_connection
    from playhead.warehouse.read_only import require_read_only

    if as_json and as_csv:
        raise SettingsError("--json and --csv were both given; choose one")
    if not allow_write:
        require_read_only(sql)
    with closing(warehouse_connection(settings())) as connection:
        rows = ask_rows(connection, sql)
    if as_json:
        print_json(rows)
    elif as_csv:
        _write_csv(rows)
    else:
        _show(rows, limit)


@app.command()
def load(
    run_id: Annotated[str, typer.Option(help="Name of the load in OPS.LOAD_LOG.")] = "",
    as_json: Annotated[bool, json_option(_LOAD_SHAPE)] = False,
) -> None:
    """Load what was published since the last load.

    The same as the DAG load_warehouse, without Airflow.

    Examples:
      playhead load
    """
    from playhead.io.snowflake import warehouse_connection
    from playhead.jobs.load_warehouse import run_load

    values = settings()
    name = run_id or f"manual__{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}"
    with closing(warehouse_connection(values)) as connection:
        loaded = run_load(connection, lake=values.lake, export_root=Path(values.home) / "export", run_id=name)
    rows = [{"TABLE": table, "PARTITIONS": count, "ROWS": loaded["rows"][table]} for table, count in loaded["partitions"].items()]
    _tell(rows, as_json=as_json)


@app.command()
def views(as_json: Annotated[bool, json_option(_VIEWS_SHAPE)] = False) -> None:
    """List the BI views: how many rows, and how far their data goes.

    Examples:
      playhead views
    """
    from playhead.io.snowflake import ask_rows, warehouse_connection
    from playhead.warehouse.schema import view_names

    with closing(warehouse_connection(settings())) as connection:
        rows = []
        for name in view_names():
            (seen,) = ask_rows(connection, f"SELECT COUNT(*) AS ROWS_COUNTED, MAX(AS_OF) AS AS_OF FROM {name}")  # noqa: S608
            rows.append({"VIEW": name, "ROWS": seen["ROWS_COUNTED"], "AS_OF": seen["AS_OF"]})
    _tell(rows, as_json=as_json)


def _tell(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
    else:
        _show(rows, limit=len(rows))


def _show(rows: list[dict[str, Any]], limit: int) -> None:
    if not rows:
        answers.print("no rows")
        return
    table = Table(*rows[0], header_style="bold")
    for row in rows[:limit]:
        table.add_row(*("" if value is None else str(plain_value(value)) for value in row.values()))
    answers.print(table)
    if len(rows) > limit:
        answers.print(f"{len(rows) - limit} more rows; give --limit, --json or --csv")


def _write_csv(rows: list[dict[str, Any]]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(rows[0] if rows else [])
    writer.writerows([plain_value(value) for value in row.values()] for row in rows)
