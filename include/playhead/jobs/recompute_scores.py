"""Prove stored scores: profile the stored partitions again, score them by the contract, and compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from playhead.contracts.model import load_contract
from playhead.io.delta import read_table
from playhead.io.partitions import table_predicate
from playhead.jobs.published import read_published
from playhead.quality.profile import profile_partitions
from playhead.quality.score import scored_row

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Where the verdict is told, which no partition holds.
_NOT_IN_ROWS = frozenset({"docs_page", "is_refused"})


@dataclass(frozen=True, slots=True)
class ScoreDifference:
    """A stored value that the stored partition does not come to."""

    table: str
    partition: str
    name: str
    stored: Any
    recomputed: Any


@dataclass(frozen=True, slots=True)
class Recomputation:
    """How many partitions were scored again, how many cannot be, and what differs.

    A refused partition was never stored, one that was published again holds other rows, and another contract asks for other things.
    """

    compared_count: int
    passed_over_count: int
    differences: tuple[ScoreDifference, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def recompute_scores(spark: SparkSession, lake: str, rows: Sequence[Mapping[str, Any]]) -> Recomputation:
    """Score the partitions of `rows` (as `read_scores` tells them) again, from what is stored now."""
    comparable = _comparable(lake, rows)
    differences = [each for table, told in comparable.items() for each in _differences(spark, lake, table, told)]
    compared = sum(map(len, comparable.values()))
    return Recomputation(compared, len(rows) - compared, tuple(differences))


def _comparable(lake: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Rows of partitions that are stored as they were judged, by table and partition."""
    published = read_published(lake)
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        table, key = row["table_name"], row["partition_key"]
        shown = published.of(table).get(key)
        same = shown is not None and not row["is_refused"] and shown.content_hash == row["content_hash"]
        if same and row["contract_version"] == load_contract(table).version:
            found.setdefault(table, {})[key] = row
    return found


def _differences(spark: SparkSession, lake: str, table: str, told: Mapping[str, Mapping[str, Any]]) -> Iterator[ScoreDifference]:
    contract = load_contract(table)
    stored = read_table(spark, lake, table).where(table_predicate(list(told), contract))
    for profile in profile_partitions(stored, contract, list(told)):
        again = scored_row(contract, profile, {}, is_refused=False, docs_page=None)
        for name in again.keys() - _NOT_IN_ROWS:
            was = told[profile.key][name]
            if was != again[name]:
                yield ScoreDifference(table, profile.key, name, was, again[name])
