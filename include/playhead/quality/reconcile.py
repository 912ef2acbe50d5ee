"""Bronze held against the ledgers, and silver against bronze minute by minute: what is missing, repeated, unexpected or altered, and when.

Each event minute of a family has a count and two checksums, of ids and of what the events say; only minutes where they differ are looked
into. Checksums do not depend on order, and a loss that a repetition hides changes them. An event is expected in silver as its first
arrival in bronze says, in the columns that both tables hold under one name (`content_columns`); the measures that silver derives from
others are the content hash's business (`quality.profile`).

Asked for the events since a day, it opens the files of these days only: what differs before them is not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential

from playhead.contracts.model import load_contract
from playhead.events.ledger import SEGMENT_SPAN, read_ledger
from playhead.quality.books import LANDED_BEFORE, SILVER, open_books, open_more_bronze, open_run_books

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

NAMED_IDS = 20  # of each minute: enough to look for, and no page is flooded
BRONZE = "bronze.events"
# Columns that silver conforms: bronze's of the same name says something else.
_CONFORMED = {"silver.video_events": frozenset({"content_id"})}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_MINUTE = -1  # of an event whose time is NULL

# Per family: what is expected, what is there, and both by minute. Sums of id hashes are cut to what a BIGINT holds.
_MINUTES = """
CREATE OR REPLACE TEMP TABLE expected AS
  SELECT event_id, hour, arg_min(minute, arrival) AS minute, arg_min(content, arrival) AS content
  FROM (
    SELECT event_id, hour, {minute} AS minute, {content} AS content, row(kafka_timestamp, topic, "partition", "offset") AS arrival
    FROM built_rows WHERE family = '{family}'
  ) ANTI JOIN conflicts USING (event_id, hour) GROUP BY event_id, hour;
CREATE OR REPLACE TEMP TABLE found AS
  SELECT coalesce(event_id, '') AS event_id, {minute} AS minute, {content} AS content FROM silver_{family}
  WHERE hour IS NULL OR hour NOT IN (FROM pending);
CREATE OR REPLACE TEMP TABLE minutes AS
  SELECT minute, coalesce(e.events, 0) AS expected, coalesce(f.events, 0) AS found, coalesce(e.ids, 0) AS expected_ids,
    coalesce(f.ids, 0) AS found_ids, (e.events, e.ids, e.contents) IS DISTINCT FROM (f.events, f.ids, f.contents) AS differs
  FROM ({checksums} FROM expected GROUP BY minute) AS e FULL JOIN ({checksums} FROM found GROUP BY minute) AS f USING (minute);
"""
_MINUTE = f"coalesce(epoch_us(event_timestamp) // 60_000_000, {_NO_MINUTE})"
_CHECKSUMS = (
    "SELECT minute, count(*) AS events, (sum(hash(event_id)) % 9223372036854775808)::BIGINT AS ids, "
    "sum(hash(event_id, content)) AS contents"
)
_DIFFERENCES = """
WITH differing AS (FROM minutes WHERE differs),
  e AS (SELECT minute, event_id, content FROM expected SEMI JOIN differing USING (minute)),
  f AS (SELECT minute, event_id, any_value(content) AS content, count(*) AS rows
    FROM found SEMI JOIN differing USING (minute) GROUP BY minute, event_id),
  wrong AS (
    SELECT minute, event_id, CASE WHEN f.rows IS NULL THEN 'missing' WHEN e.content IS NULL THEN 'unexpected'
      WHEN f.rows > 1 THEN 'repeated' ELSE 'altered' END AS what
    FROM e FULL JOIN f USING (minute, event_id) WHERE f.rows IS NULL OR e.content IS NULL OR f.rows > 1 OR f.content <> e.content)
SELECT minute, any_value(expected), any_value(found), count_if(what = 'missing'), count_if(what = 'unexpected'),
  count_if(what = 'repeated'), count_if(what = 'altered'), array_agg(what || ' ' || event_id ORDER BY what, event_id)[1:{named}]
FROM wrong JOIN differing USING (minute) GROUP BY minute ORDER BY minute
"""
_COMPARED = "SELECT count(*), coalesce(sum(expected), 0)::BIGINT FROM minutes WHERE expected > 0"
_COUNTS = """
SELECT $table AS table_name, make_timestamptz(minute * 60_000_000) AS event_minute, expected AS bronze_count, found AS silver_count,
  expected_ids AS bronze_checksum, found_ids AS silver_checksum
FROM minutes WHERE minute >= 0 ORDER BY minute
"""
# A record that bronze has not is known from its ledger only, which does not tell when its event happened.
_NOT_LANDED = """
CREATE TABLE told AS SELECT DISTINCT producer_id, sequence, event_id FROM sent;
CREATE VIEW landed AS SELECT producer_id, producer_sequence AS sequence, event_id, epoch_us(event_timestamp) // 60_000_000 AS minute,
  topic, "partition", "offset", kafka_timestamp FROM bronze;
CREATE TABLE not_landed AS
  FROM told SEMI JOIN acked USING (producer_id, sequence) ANTI JOIN landed USING (producer_id, sequence);
"""
_LANDED = """
CREATE TABLE landed_otherwise AS WITH wrong AS (
    SELECT 'missing' AS what, NULL AS minute, producer_id, sequence, event_id FROM not_landed
    UNION ALL SELECT 'unexpected', minute, producer_id, sequence, event_id
    FROM landed SEMI JOIN (SELECT DISTINCT producer_id FROM told) AS known USING (producer_id) ANTI JOIN told USING (producer_id, sequence)
    WHERE $since IS NULL OR kafka_timestamp >= $since
    UNION ALL SELECT 'repeated', any_value(minute), any_value(producer_id), any_value(sequence), any_value(event_id)
    FROM landed GROUP BY topic, "partition", "offset" HAVING count(*) > 1)
SELECT minute, count_if(what = 'missing') AS missing, count_if(what = 'unexpected') AS unexpected, count_if(what = 'repeated') AS repeated,
  array_agg(what || ' ' || coalesce(event_id, concat_ws(' record ', producer_id, sequence)) ORDER BY what, event_id)[1:{named}] AS ids
FROM wrong GROUP BY minute
"""
_LANDED_BESIDE = """
DELETE FROM not_landed USING bronze_more AS landed
WHERE landed.producer_id = not_landed.producer_id AND landed.producer_sequence = not_landed.sequence
"""
# What bronze holds of those minutes: one look at it, however many they are.
_LANDED_IN = """
SELECT w.minute, missing, unexpected, repeated, ids, coalesce(held.rows, 0), coalesce(held.records, 0)
FROM landed_otherwise AS w LEFT JOIN (
  SELECT minute, count(*) AS rows, count(DISTINCT (topic, "partition", "offset")) AS records FROM landed
  WHERE minute IS NULL OR minute IN (SELECT minute FROM landed_otherwise) GROUP BY minute
) AS held ON w.minute IS NOT DISTINCT FROM held.minute ORDER BY w.minute
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A minute of event time (UTC) in which a table is not what it should be; `ids` names up to NAMED_IDS events and what is wrong.

    `minute` is None for records of which only their producer's ledger tells, and for those whose time nobody can read.
    """

    table: str
    minute: datetime | None
    expected: int
    found: int
    missing: int
    unexpected: int
    repeated: int
    altered: int
    ids: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "table": self.table,
            "minute": None if self.minute is None else self.minute.strftime("%Y-%m-%dT%H:%MZ"),
            "expected": self.expected,
            "found": self.found,
            "missing": self.missing,
            "unexpected": self.unexpected,
            "repeated": self.repeated,
            "altered": self.altered,
            "ids": list(self.ids),
        }


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How many event minutes and events were compared, and the minutes that differ."""

    minutes: int
    events: int
    differences: tuple[Difference, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"minutes": self.minutes, "events": self.events, "differences": [each.to_dict() for each in self.differences]}


def content_columns(table: str) -> list[str]:
    """Columns that silver takes over from bronze as they are."""
    bronze = {column.name: column.type for column in load_contract("bronze.events").columns}
    passed = (column for column in load_contract(table).columns if bronze.get(column.name) == column.type and column.is_deterministic)
    return [column.name for column in passed if column.name not in _CONFORMED.get(table, frozenset())]


@dataclass(frozen=True, slots=True)
class StagedComparison:
    """What a run has staged of the event tables, held against bronze: counts and id checksums of every minute, and what differs."""

    counts: pa.Table
    differences: tuple[Difference, ...]


def reconcile(lake: str, ledger_dir: Path, *, since: date | None = None, landing_within: timedelta = timedelta(0)) -> Reconciliation:
    """Compare bronze with the ledgers, and every event minute of silver with bronze, as far as builds have come.

    With `since`, only events of that day (UTC) and after, and records that brokers took from then on. A record that was acknowledged a
    moment ago is on its way: those that bronze has not are awaited for so long as they may take to land, and none is missing before.
    """
    minutes = events = 0
    with open_books(lake, since=since) as books:
        differences = _landed_differences(books, lake, ledger_dir, since, landing_within)
        for family in SILVER:
            differences += _compare_minutes(books, family)
            compared = books.execute(_COMPARED).fetchone() or (0, 0)
            minutes, events = minutes + compared[0], events + compared[1]
    return Reconciliation(minutes, events, tuple(differences))


def compare_staged(
    lake: str, hours: Sequence[str], bronze_version: int, conflicts_version: int | None, staged: Mapping[str, Sequence[str]]
) -> StagedComparison:
    """Compare the files that a run has staged, by event table, with the bronze that they were made from (`open_run_books`)."""
    families = {family: staged[table] for family, table in SILVER.items() if table in staged}
    counts, differences = [], []
    with open_run_books(lake, hours, bronze_version, conflicts_version, families) as books:
        for family in families:
            differences += _compare_minutes(books, family)
            counts.append(books.sql(_COUNTS, params={"table": SILVER[family]}).to_arrow_table())
    return StagedComparison(pa.concat_tables(counts), tuple(differences))


def _compare_minutes(books: duckdb.DuckDBPyConnection, family: str) -> list[Difference]:
    table = SILVER[family]
    content = f"hash({', '.join(content_columns(table))})"
    books.execute(_MINUTES.format(family=family, minute=_MINUTE, content=content, checksums=_CHECKSUMS))
    return [
        Difference(table, _moment(minute), expected, found, missing, unexpected, repeated, altered, tuple(ids))
        for minute, expected, found, missing, unexpected, repeated, altered, ids in books.execute(
            _DIFFERENCES.format(named=NAMED_IDS)
        ).fetchall()
    ]


def _moment(minute: int | None) -> datetime | None:
    return None if minute in {None, _NO_MINUTE} else _EPOCH + timedelta(minutes=minute)


def _landed_differences(
    books: duckdb.DuckDBPyConnection, lake: str, ledger_dir: Path, since: date | None, landing_within: timedelta
) -> list[Difference]:
    start = None if since is None else datetime.combine(since, time(), UTC)
    sent, acked = read_ledger(ledger_dir, since=None if start is None else start - SEGMENT_SPAN)
    books.register("sent", sent)
    books.register("acked", acked)
    books.execute(_NOT_LANDED)
    if since is not None:
        _pass_over_landed_before(books, lake, since)
    _await_landing(books, lake, landing_within)
    books.execute(_LANDED.format(named=NAMED_IDS), {"since": start})
    if books.execute("SELECT count(*) FROM landed_otherwise").fetchone() == (0,):
        return []
    return [
        Difference(BRONZE, _moment(minute), records + missing - unexpected, rows, missing, unexpected, repeated, 0, tuple(ids))
        for minute, missing, unexpected, repeated, ids, rows, records in books.execute(_LANDED_IN).fetchall()
    ]


def _pass_over_landed_before(books: duckdb.DuckDBPyConnection, lake: str, since: date) -> None:
    """Ledgers that were copied, or written before segments ended with their day, tell of records that landed long ago.

    Older files are opened only where a record is missed in those of the days asked for.
    """
    if _is_missed(books):
        _pass_over_landed(books, lake, ("<", since - LANDED_BEFORE))


def _await_landing(books: duckdb.DuckDBPyConnection, lake: str, within: timedelta) -> None:
    """Pass over the records that land while one waits; those that have not by then are missing."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)

    def is_missed() -> bool:
        _pass_over_landed(books, lake, (">=", yesterday))
        return _is_missed(books)

    if not within or not _is_missed(books):
        return
    with suppress(RetryError):
        Retrying(stop=stop_after_delay(within), wait=wait_exponential(0.25, max=10), retry=retry_if_result(bool))(is_missed)


def _pass_over_landed(books: duckdb.DuckDBPyConnection, lake: str, days: tuple[str, date]) -> None:
    open_more_bronze(books, lake, days)
    books.execute(_LANDED_BESIDE)


def _is_missed(books: duckdb.DuckDBPyConnection) -> bool:
    # All rows are fetched: DuckDB refuses to register a table while a result is open.
    return books.execute("SELECT count(*) FROM not_landed").fetchall() != [(0,)]
