"""Whether a backfill left what it should: every partition published and as stored, the books balanced, the warehouse in step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from playhead.backfills.scope import Scope, lies_within
from playhead.io.snowflake import fetch_rows, warehouse_connection
from playhead.jobs.published import Published, read_published
from playhead.jobs.quality_scores import read_scores
from playhead.jobs.recompute_scores import recompute_scores
from playhead.quality.reconcile import reconcile
from playhead.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from snowflake.connector import SnowflakeConnection

_LOADED = """
SELECT TABLE_NAME, PARTITION_KEY, CONTENT_HASH FROM OPS.LOAD_LOG WHERE PARTITION_KEY >= %s AND PARTITION_KEY <= %s
QUALIFY ROW_NUMBER() OVER (PARTITION BY TABLE_NAME, PARTITION_KEY ORDER BY PUBLISHED_AT DESC) = 1
"""
LOAD_WITHIN_S = 900
_POLL_S = 3.0
_NAMED = 5
Hashes = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: how much of it, and what is wrong; nothing where all is well."""

    name: str
    looked_at: int
    wrong: list[str]


def hashes(published: Published, scope: Scope) -> dict[tuple[str, str], str]:
    """The content hash of each partition in scope that is published."""
    return {
        (table, key): published.of(table)[key].content_hash
        for table, keys in scope.partitions.items()
        for key in keys
        if key in published.of(table)
    }


def verify(spark: SparkSession, settings: Settings, scope: Scope, *, since: datetime, tell: Callable[[str], None]) -> list[Check]:
    """All checks, of what is published, stored and loaded now; `since` is when the backfill was started."""
    lake, published = settings.lake, read_published(settings.lake, scope.partitions)
    tell("the stored partitions against their content hashes")
    scores = [
        row
        for row in read_scores(lake, since=f"{scope.first:%Y-%m-%d}")
        if row["partition_key"] in scope.partitions.get(row["table_name"], ())
    ]
    there = hashes(published, scope)
    old = [f"{table}/{key} (refused by its gate)" for table, key in _places(scores, "is_refused")]
    old += sorted(f"{table}/{key}" for table, key in there if published.of(table)[key].published_at < since)
    checks = [Check("published again", len(there), old)]
    stored = recompute_scores(spark, lake, scores)
    checks.append(Check("as stored", stored.compared_count, [f"{each.table}/{each.partition}: {each.name}" for each in stored.differences]))
    tell("the books, by event minute")
    books = reconcile(lake, settings.ledger_dir, since=scope.first.date())
    wrong = [f"{each.table} {each.minute}" for each in books.differences if each.minute is None or lies_within(scope, each.minute)]
    checks.append(Check("books", books.events, wrong))
    tell("that the warehouse has followed")
    with closing(warehouse_connection(settings)) as connection:
        checks.append(check_loaded(connection, scope, {place: told for place, told in there.items() if place[0] in scope.gold}))
    return checks


def check_loaded(connection: SnowflakeConnection, scope: Scope, wanted: Hashes, *, within_s: float = LOAD_WITHIN_S) -> Check:
    """Whether the warehouse holds the content wanted of each partition. The load is another DAG's, which gold wakes: it is given time."""
    bounds = (f"{scope.first:%Y-%m-%d}", f"{max((key for _, key in wanted), default='')}~")

    def behind() -> list[str]:
        rows = fetch_rows(connection, _LOADED, bounds)
        loaded = {(row["TABLE_NAME"], row["PARTITION_KEY"]): row["CONTENT_HASH"] for row in rows}
        return sorted(f"{table}/{key}" for (table, key), told in wanted.items() if loaded.get((table, key)) != told)

    try:
        Retrying(retry=retry_if_result(bool), stop=stop_after_delay(within_s), wait=wait_fixed(_POLL_S))(behind)
    except RetryError as error:
        return Check("loaded", len(wanted), error.last_attempt.result())
    return Check("loaded", len(wanted), [])


def changed(before: Hashes, after: Hashes) -> list[str]:
    """Partitions whose content is another one than before the backfill: late data, replays and repairs do that, a mere rebuild does not."""
    return sorted(f"{table}/{key}" for (table, key), told in after.items() if before.get((table, key)) not in {None, told})


def named(wrong: Sequence[str]) -> str:
    """The first few of what is wrong."""
    return ", ".join(wrong[:_NAMED]) + (f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else "")


def _places(scores: Iterable[Mapping[str, Any]], flag: str) -> list[tuple[str, str]]:
    return sorted((row["table_name"], row["partition_key"]) for row in scores if row[flag])
