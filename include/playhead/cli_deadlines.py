"""`playhead deadlines`: what each contract promises, and what is overdue now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from rich.markup import escape
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json
from playhead.cli_start import settings
from playhead.errors import BuildError

if TYPE_CHECKING:
    from playhead.deadlines.overdue import Miss
    from playhead.deadlines.promises import Promise

_SHOWN = 3


def deadlines(
    as_json: Annotated[bool, json_option("an array with an object for each table: table, due_after_minutes, owner, dags, overdue")] = False,
) -> None:
    """Show what is due when, and what is overdue.

    By the contracts, held against what the builds, loads and the streaming app have done. Exit code 1 where something is overdue.

    Examples:
      playhead deadlines
      playhead deadlines --json
    """
    from playhead.deadlines.evidence import read_evidence
    from playhead.deadlines.overdue import overdue
    from playhead.deadlines.promises import promises

    values, now = settings(), datetime.now(UTC)
    promised = promises(values.deadline_scale)
    evidence = read_evidence(values.lake, values.home, promised, now=now)
    found = {table: overdue(promise, evidence, now=now) for table, promise in promised.items()}
    if as_json:
        print_json([_record(promise, found[table]) for table, promise in promised.items()])
    else:
        table = Table("table", "due after", "owner", "overdue (UTC)", "what is known")
        for name, promise in promised.items():
            table.add_row(name, _due_after(promise), escape(promise.owner), *_told(found[name]))
        answers.print(table)
    late = [table for table, misses in found.items() if misses]
    if late:
        raise BuildError(f"overdue: {', '.join(late)}; see the newest runs in the Airflow UI, and docs/runbooks.md under DeadlineMissed")


def _record(promise: Promise, misses: list[Miss]) -> dict[str, Any]:
    return {
        "table": promise.table,
        "due_after_minutes": promise.due_after.total_seconds() / 60,
        "owner": promise.owner,
        "dags": list(promise.dags),
        "overdue": [{"key": miss.key, "due_at": miss.due_at, "why": miss.why} for miss in misses],
    }


def _due_after(promise: Promise) -> str:
    from playhead.mails.render import told_span

    return f"{told_span(promise.due_after)} after the {promise.grain}" if promise.grain != "moment" else f"{told_span(promise.due_after)}"


def _told(misses: list[Miss]) -> tuple[str, str]:
    if not misses:
        return "", ""
    keys = [miss.key for miss in misses[:_SHOWN]]
    more = [f"and {len(misses) - _SHOWN} more"] if len(misses) > _SHOWN else []
    return "\n".join([*keys, *more]), escape(misses[0].why)
