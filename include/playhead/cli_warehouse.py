"""`playhead query`, `playhead load`, `playhead views`: the warehouse from the command line."""

from __future__ import annotations

import csv
import json
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from playhead.errors import WarehouseError
from playhead.settings import get_settings
from playhead.warehouse.values import plain_row, plain_value

app = typer.Typer(help="The warehouse: ask it, load it, see its views.", no_args_is_help=True)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT, SHOW or DESCRIBE statement, in Snowflake's SQL.")],
    as_json: Annotated[bool, typer.Option("--json", help="Rows as a JSON array.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Rows as CSV with a header.")] = False,
    allow_write: Annotated[bool, typer.Option("--allow-write", help="Run statements that change the warehouse, too.")] = False,
    limit: Annotated[int, typer.Option(help="Rows shown in the table; --json and --csv give all.")] = 100,
) -> None:
    """Ask the warehouse, e.g. playhead query "select * from BI.V_TOP_CONTENT order by VIEW_RANK limit 10"."""
    from playhead.io.snowflake import fetch_rows, warehouse_connection
    from playhead.warehouse.read_only import require_read_only

    if as_json and as_csv:
        raise WarehouseError("--json and --csv were both given; choose one")
    if not allow_write:
        require_read_only(sql)
    from snowflake.connector.errors import Error as SnowflakeError

    with closing(warehouse_connection(get_settings())) as connection:
        try:
            rows = fetch_rows(connection, sql)
        except SnowflakeError as error:
            raise WarehouseError(
                f"the warehouse refused the statement: {error.msg or error}; see `playhead views` for what is there"
            ) from error
    if as_json:
        typer.echo(json.dumps([plain_row(row) for row in rows], ensure_ascii=False))
    elif as_csv:
        _write_csv(rows)
    else:
        _show(rows, limit)


@app.command()
def load(run_id: Annotated[str, typer.Option(help="Name of the load in OPS.LOAD_LOG.")] = "") -> None:
    """Load what was published since the last load, without Airflow."""
    from playhead.io.snowflake import warehouse_connection
    from playhead.jobs.load_warehouse import run_load
    from playhead.spark import connect

    settings = get_settings()
    name = run_id or f"manual__{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}"
    with closing(warehouse_connection(settings)) as connection:
        loaded = run_load(
            connection, lambda: connect(settings.remote), lake=settings.lake, export_root=Path(settings.home) / "export", run_id=name
        )
    _show(
        [{"TABLE": table, "PARTITIONS": count, "ROWS": loaded["rows"][table]} for table, count in loaded["partitions"].items()], limit=100
    )


@app.command()
def views() -> None:
    """The BI views, how many rows they have, and how far their data goes."""
    from playhead.io.snowflake import fetch_rows, warehouse_connection
    from playhead.warehouse.schema import view_names

    with closing(warehouse_connection(get_settings())) as connection:
        rows = []
        for name in view_names():
            (seen,) = fetch_rows(connection, f"SELECT COUNT(*) AS ROWS_COUNTED, MAX(AS_OF) AS AS_OF FROM {name}")  # noqa: S608
            rows.append({"VIEW": name, "ROWS": seen["ROWS_COUNTED"], "AS_OF": seen["AS_OF"]})
    _show(rows, limit=len(rows))


def _show(rows: list[dict[str, Any]], limit: int) -> None:
    console = Console()
    if not rows:
        console.print("no rows")
        return
    table = Table(*rows[0], header_style="bold")
    for row in rows[:limit]:
        table.add_row(*("" if value is None else str(plain_value(value)) for value in row.values()))
    console.print(table)
    if len(rows) > limit:
        console.print(f"{len(rows) - limit} more rows; give --limit, --json or --csv")


def _write_csv(rows: list[dict[str, Any]]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(rows[0] if rows else [])
    writer.writerows([plain_value(value) for value in row.values()] for row in rows)
