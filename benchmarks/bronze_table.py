"""What a contestant left behind: how fast its commits came, and which rows they hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable

from playhead.contracts.model import event_columns

_COORDINATES = 'topic, "partition", "offset"'
# Of an accepted row, everything that the record decides.
_VALUES = ", ".join(
    [f'"{c.name}"' for c in event_columns()] + ["family", "event_hour", "is_late", "kafka_timestamp", "producer_id", "producer_sequence"]
)

_AGES = """
SELECT quantile_cont(age_s, 0.5) AS p50_s, quantile_cont(age_s, 0.99) AS p99_s, max(age_s) AS max_s
FROM (
    SELECT (at_ms - epoch_ms(event_timestamp)) / 1000 AS age_s
    FROM read_parquet($files, filename = true, hive_partitioning = false)
    JOIN (SELECT unnest($files) AS filename, unnest($at_ms) AS at_ms) USING (filename)
    WHERE {condition})
"""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit that added rows."""

    at_ms: int
    records: int
    files: tuple[str, ...] = ()
    version: int = 0


def commits(table: Path) -> list[Commit]:
    """The commits that added rows, by time."""
    found = []
    for path in sorted((table / "_delta_log").glob("*[0-9].json")):
        actions = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
        added = [action["add"] for action in actions if "add" in action and action["add"]["dataChange"]]  # merging adds none
        records = sum(json.loads(add["stats"])["numRecords"] for add in added)
        if records:
            at_ms = next(action["commitInfo"]["timestamp"] for action in actions if "commitInfo" in action)
            found.append(Commit(at_ms, records, tuple(add["path"] for add in added), int(path.stem)))
    return sorted(found, key=lambda commit: commit.at_ms)


def warm_rate(landings: list[Commit]) -> float | None:
    """Records per second between the first commit and the last; None where there is only one commit.

    The first commit's records are not counted: they paid for the start of the process and the warm-up of its code.
    """
    if len(landings) < 2 or landings[-1].at_ms == landings[0].at_ms:
        return None
    return sum(commit.records for commit in landings[1:]) / (landings[-1].at_ms - landings[0].at_ms) * 1000


def row_ages(table: Path, landings: Iterable[Commit], condition: str, **values: object) -> dict[str, float]:
    """Median, 99th percentile and greatest age in seconds that rows had when they were committed; of those that meet a condition."""
    files = [(str(table / file), landing.at_ms) for landing in landings for file in landing.files]
    told = {"files": [file for file, _ in files], "at_ms": [at_ms for _, at_ms in files]}
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(_AGES.format(condition=condition), {**told, **values})
        return {column[0]: round(value, 3) for column, value in zip(found.description, found.fetchall()[0], strict=True)}


def coordinates(table: Path) -> dict[str, Any]:
    """How many rows there are, of how many Kafka records, and a digest of which."""
    rows, records, digest = _query(table, f"count(*), count(DISTINCT ({_COORDINATES})), sum(hash({_COORDINATES})::HUGEINT)")
    return {"rows": rows, "records": records, "coordinates": str(digest)}


def contents(table: Path) -> dict[str, Any]:
    """How many rows were rejected, and digests of their reasons and of the others' values. A sum of row hashes is free of order."""
    rejected, reasons, values = _query(
        table,
        f"count(rejected_because), {_digest('list_sort(rejected_because)')} FILTER (WHERE rejected_because IS NOT NULL), "
        f"{_digest(_VALUES)} FILTER (WHERE rejected_because IS NULL)",
    )
    return {"rejected": rejected, "reasons": str(reasons), "accepted": str(values)}


def difference(produced: Mapping[str, Mapping[str, Any]], size: int) -> str | None:
    """What is unequal: a record that some contestant lacks or has twice, another count of rejected rows, another reason or value."""
    for name, rows in produced.items():
        if rows["rows"] != size or rows["records"] != size:
            return f"{name} holds {rows['rows']} rows of {rows['records']} records where {size} were produced"
    for key in ("coordinates", "rejected", "reasons", "accepted"):
        values = {name: rows[key] for name, rows in produced.items() if key in rows}
        if len(set(values.values())) > 1:
            return f"{key} differ: {values}"
    return None


def _digest(values: str) -> str:
    return f"sum(hash({_COORDINATES}, {values})::HUGEINT)"


def _query(table: Path, select: str) -> tuple[Any, ...]:
    files = DeltaTable(table).file_uris()
    return duckdb.execute(f"SELECT {select} FROM read_parquet({files}, hive_partitioning = false)").fetchall()[0]
