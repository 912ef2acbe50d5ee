"""`playhead backfill`: days or hours built again by Airflow, followed to their end, and verified."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json, words
from playhead.cli_start import engine, settings
from playhead.errors import BuildError

if TYPE_CHECKING:
    from playhead.backfills.follow import Progress as RunProgress
    from playhead.backfills.scope import Scope
    from playhead.backfills.verify import Check
    from playhead.io.airflow_api import AirflowApi
    from playhead.settings import Settings

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H"]
_SHAPE = (
    "an object: dag, first, last, runs, partitions (by table), and unless --dry-run backfill, resumed, failed, changed, checks, verified"
)


def backfill(
    first: Annotated[datetime, typer.Option("--from", formats=_FORMATS, help="First day (UTC), or hour with --dag build_hourly.")],
    last: Annotated[datetime, typer.Option("--to", formats=_FORMATS, help="Last day or hour, built too.")],
    dag: Annotated[str, typer.Option(help="build_daily, or build_hourly for single hours.")] = "build_daily",
    verify: Annotated[bool, typer.Option("--verify", help="Hold what it left against hashes, books and warehouse.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show which partitions it would build again, and do nothing.")] = False,
    failed_only: Annotated[bool, typer.Option("--failed-only", help="Only intervals whose last run failed, or that never ran.")] = False,
    as_json: Annotated[bool, json_option(_SHAPE)] = False,
) -> None:
    """Build days or hours again, through Airflow.

    Interrupted with Ctrl-C it goes on in Airflow; the same command again takes it up where it is. Exit code 1 where a run failed or a check
    found something wrong.

    Examples:
      playhead backfill --from 2026-11-01 --to 2026-11-07 --dry-run
      playhead backfill --from 2026-11-01 --to 2026-11-07 --verify
      playhead backfill --from 2026-11-01T05 --to 2026-11-01T08 --dag build_hourly
    """
    from playhead.backfills.scope import open_scope, touched
    from playhead.backfills.verify import hashes
    from playhead.jobs.published import read_published

    values, now = settings(), datetime.now(UTC)
    scope = open_scope(dag, first.replace(tzinfo=UTC), last.replace(tzinfo=UTC), now=now)
    published = read_published(values.lake, scope.partitions)
    told: dict[str, Any] = {"dag": dag, "first": scope.first, "last": scope.last, "runs": scope.runs}
    there = touched(scope, published)
    told["partitions"] = {each.table: each.partitions for each in there}
    if not as_json:
        table = Table("table", "partitions", "published now", "rows now", caption=_caption(scope))
        for each in there:
            table.add_row(each.table, f"{each.partitions:,}", f"{each.published:,}", f"{each.rows:,}")
        answers.print(table)
    wrong = [] if dry_run else _run(values, scope, told, hashes(published, scope), verify=verify, failed_only=failed_only, show=not as_json)
    if as_json:
        print_json(told)
    if wrong:
        raise BuildError("; ".join(wrong))


def _run(
    values: Settings, scope: Scope, told: dict[str, Any], before: dict[tuple[str, str], str], *, verify: bool, failed_only: bool, show: bool
) -> list[str]:
    """Have it done, put down in `told` what became of it, and return what is wrong."""
    from playhead.backfills.follow import follow, start_or_resume
    from playhead.backfills.verify import changed, hashes
    from playhead.jobs.published import read_published

    with _airflow(values) as api:
        number, resumed = start_or_resume(api, scope, failed_only=failed_only)
        words.print(f"backfill {number} of {scope.dag_id} {'is under way: taken up' if resumed else 'started'}", highlight=False)
        started = datetime.fromisoformat(api.backfill_state(number)["created_at"])
        bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("runs"), TimeElapsedColumn(), console=words
        )
        with bar:
            task = bar.add_task(scope.dag_id, total=scope.runs)

            def tell(progress: RunProgress) -> None:
                bar.update(task, completed=progress.done, total=max(progress.runs, 1))

            progress = follow(api, number, scope, tell)
    after = hashes(read_published(values.lake, scope.partitions), scope)
    told |= {"backfill": number, "resumed": resumed, "failed": progress.failed, "changed": changed(before, after)}
    wrong = (
        [f"{progress.failed} of {progress.runs} runs failed: read their logs in the Airflow UI, then give --failed-only"]
        if progress.failed
        else []
    )
    checks = _verify(values, scope, since=scope.first if failed_only else started) if verify else []
    told |= {"checks": {check.name: {"looked_at": check.looked_at, "wrong": check.wrong} for check in checks}}
    told["verified"] = verify and not wrong and not any(check.wrong for check in checks)
    if show:
        _show(told["changed"], checks)
    return wrong + [f"{check.name}: {len(check.wrong)} wrong" for check in checks if check.wrong]


def _airflow(values: Settings) -> AirflowApi:
    from playhead.io.airflow_api import AirflowApi
    from playhead.local.airflow_env import ADMIN, admin_password

    if values.airflow_username:
        return AirflowApi(values.airflow_url, values.airflow_username, values.airflow_password.get_secret_value())
    return AirflowApi(values.airflow_url, ADMIN, admin_password(values.home))


def _verify(values: Settings, scope: Scope, *, since: datetime) -> list[Check]:
    from playhead.backfills.verify import verify

    with words.status("verifying") as status:
        return verify(engine(values.remote), values, scope, since=since, tell=lambda what: status.update(f"verifying: {what}"))


def _show(differing: list[str], checks: list[Check]) -> None:
    from playhead.backfills.verify import named

    if differing:
        answers.print(f"{len(differing)} partitions have other content than before: {named(differing)}", highlight=False)
    if checks:
        table = Table("check", "looked at", "wrong")
        for check in checks:
            table.add_row(check.name, f"{check.looked_at:,}", named(check.wrong) or "nothing")
        answers.print(table)


def _caption(scope: Scope) -> str:
    return f"{scope.runs:,} {'runs' if scope.runs != 1 else 'run'} of {scope.dag_id}, {scope.first:%Y-%m-%dT%H} to {scope.last:%Y-%m-%dT%H}"
