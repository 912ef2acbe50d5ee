"""The demo's steps, in the data's order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

from rich.console import Console

from playhead.demo import flow
from playhead.demo.report import VIEW_QUERIES, DemoResult, show
from playhead.errors import BooksError, PlayheadError, StackError
from playhead.io.airflow_api import AirflowApi
from playhead.local.airflow_env import ADMIN, admin_password
from playhead.local.system_packages import missing_packages
from playhead.quality.accounting import take_accounts
from playhead.settings import Settings

BUILDS = ["build_hourly", "build_daily", "load_warehouse", "retrain_churn", "recommend_titles"]
REAL_PLAYS = 2


def run_demo(
    settings: Settings, console: Console, *, simulate: Callable[[], None], bring_up: Callable[[], None], real_plays: int = REAL_PLAYS
) -> DemoResult:
    """Run the whole lakehouse and show its answers. The stack stays up.

    Run again, it sends nothing of the simulated population twice and changes none of its numbers.

    Raises:
        StackError: a part does not come up, or a run fails.
        BooksError: the books do not balance.
    """
    started = time.monotonic()
    bring_up()
    with ThreadPoolExecutor(max_workers=1) as player:
        plays = _start_real_player(player, settings, console, real_plays) if real_plays else None
        console.print("[bold]Viewers[/] are simulated into Kafka")
        simulate()
        played = plays.result() if plays is not None else []
    with AirflowApi(settings.airflow_url, ADMIN, admin_password(settings.home)) as api, ThreadPoolExecutor(max_workers=1) as beside:
        if errors := api.import_errors():
            raise StackError(f"a DAG does not load: {errors[0]}")
        hourly = beside.submit(flow.run_dags, api, ["build_hourly"], _say_nothing)  # it builds what has landed; the daily run has it all
        with _step(console, "Bronze: the streaming app lands every record; build_hourly beside it") as tell:
            flow.wait_for_bronze(settings, tell)
        with _step(console, "Airflow: build_daily") as tell:
            flow.run_dags(api, ["build_daily"], tell)
            hourly.result()
        api.pause("stream_watch", paused=False)  # its runs last for hours
        with _step(console, "Airflow: retrain_churn, recommend_titles and maintain") as tell:
            flow.run_dags(api, ["retrain_churn", "recommend_titles", "maintain"], tell)
        books = beside.submit(take_accounts, settings.lake, settings.ledger_dir)  # all is built; meanwhile the warehouse is loaded
        with _step(console, "Airflow: load_warehouse") as tell:
            flow.run_dags(api, ["load_warehouse"], tell)
            flow.settle(api, BUILDS, tell)
        dag_runs = flow.run_states(api)
    with _step(console, "The books and the views"):
        result = DemoResult(books.result(), len(played), _views(settings), dag_runs, time.monotonic() - started)
    result.write(settings.home / "demo.json")
    show(console, result)
    if not result.accounts.is_balanced:
        raise BooksError(f"the books do not balance: {result.accounts.to_json()}")
    return result


def _say_nothing(_words: str) -> None:
    """For work beside what is shown."""


def _start_real_player(pool: ThreadPoolExecutor, settings: Settings, console: Console, count: int) -> Future[list[Any]] | None:
    """A real hls.js in Chromium watches a real stream, beside the simulation, where the system packages are here."""
    missing = [name for name in ("chromium", "ffmpeg", "npm") if name in missing_packages()]
    if missing:
        console.print(f"[yellow]The real player is left out: {', '.join(missing)} not installed (see playhead doctor)[/]")
        return None
    from playhead.player.play import play

    console.print("[bold]A real player[/] (hls.js in Chromium) reports to the collector")
    collector = f"http://127.0.0.1:{settings.port('collector')}"
    return pool.submit(play, count, home=settings.home, cache_dir=settings.cache_dir, collector=collector, port=settings.port("player"))


def _views(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """The first rows of each view."""
    from playhead.io.snowflake import fetch_rows, warehouse_connection

    with closing(warehouse_connection(settings)) as connection:
        return {view: fetch_rows(connection, sql) for view, sql in VIEW_QUERIES.items()}


@contextmanager
def _step(console: Console, title: str) -> Iterator[flow.Tell]:
    """One line that says what is awaited, and stays with its time when it is over."""
    started = time.monotonic()
    with console.status(f"[bold]{title}[/]") as status:
        try:
            yield lambda words: status.update(f"[bold]{title}[/]: {words}")
        except PlayheadError:
            console.print(f"[red]✗[/] {title} ({time.monotonic() - started:.0f} s)", highlight=False)
            raise
    console.print(f"[green]✓[/] {title} ({time.monotonic() - started:.0f} s)", highlight=False)
