"""Profile the partitions of a table: rows, content hash, how often each contract rule is broken, and what quality is scored by.

The profile has one small row per partition, so that Great Expectations judges hundreds of rows and not millions, and its verdict names
the partition and the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.quality.contract_rules import UNIQUE_KEY, row_rules, rule_codes, rule_dimension, timely

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, Row

    from playhead.contracts.shapes import Contract

_KEY = "partition_key"
_FORMATS = {"event_hour": "yyyy-MM-dd'T'HH", "event_date": "yyyy-MM-dd", "score_date": "yyyy-MM-dd"}
WITHOUT_PARTITION = "none"


@dataclass(frozen=True, slots=True)
class PartitionProfile:
    """One partition: how many rows, their order-free content hash, and broken rules with counts.

    `broken_rows` says of each dimension of quality how many rows break any of its rules, `timely_count` how many rows are timely (None
    where rows do not tell), `means` the means of the columns that the contract watches.
    """

    key: str
    rows_count: int
    content_hash: str
    broken: dict[str, int] = field(default_factory=dict)
    broken_rows: dict[str, int] = field(default_factory=dict)
    timely_count: int | None = None
    means: dict[str, float] = field(default_factory=dict)


def profile_partitions(rows: DataFrame, contract: Contract, keys: Sequence[str] = ()) -> list[PartitionProfile]:
    """Profile every partition among `rows`, ascending; `keys` without rows come out empty.

    Rows whose partition column is NULL come out as partition `none`.
    """
    keyed = rows.withColumn(_KEY, partition_value(contract))
    unsound_count = F.count_if(_is_unsound(contract)).alias("unsound_count")
    counts = (F.count(F.lit(1)).alias("rows_count"), unsound_count)
    counted = keyed.groupBy(_KEY).agg(*counts, *hash_aggregates(contract), *_quality_aggregates(contract))
    partitions = counted.withColumn(_KEY, _key_text(contract)).collect()
    broken = _broken_rules(keyed, contract) if any(row.unsound_count for row in partitions) else {}
    for key, count in _repeated_keys(keyed, contract).items():
        broken.setdefault(key, {}).update({UNIQUE_KEY: count, rule_dimension(contract, UNIQUE_KEY): count})
    found = {row[_KEY]: _profile(contract, row, broken.get(row[_KEY], {})) for row in partitions}
    return [found.get(key) or empty_profile(key) for key in sorted({*keys, *found})]


def empty_profile(key: str) -> PartitionProfile:
    """The profile of a partition without rows."""
    return PartitionProfile(key, 0, content_hash(0, None, None, None))


def partition_value(contract: Contract) -> Column:
    """The value that a row is grouped by; turned into key text only once per group, for formatting 2 M hours costs seconds."""
    return F.lit("all") if contract.partition == "none" else F.col(contract.partition)


def hash_aggregates(contract: Contract) -> tuple[Column, Column, Column]:
    """`hash_high`, `hash_low` and `hash_xor` over the contract's deterministic columns: the same for the same rows in any order.

    NULLs are marked beside the values, because xxhash64 passes over them: ('a', NULL) would equal (NULL, 'a'). The two halves of the
    hash are summed apart, because a sum of whole ones overflows and a decimal one costs several times more.
    """
    names = contract.hashed_columns
    of_row = F.xxhash64(*(F.col(name) for name in names), *(F.col(name).isNull() for name in names))
    high, low = F.shiftright(of_row, 32), of_row.bitwiseAND(F.lit(0xFFFFFFFF))
    return F.sum(high).alias("hash_high"), F.sum(low).alias("hash_low"), F.bit_xor(of_row).alias("hash_xor")


def content_hash(rows_count: int, hash_high: int | None, hash_low: int | None, hash_xor: int | None) -> str:
    """The text that stands for a partition's content; equal rows give equal text."""
    told = f"{rows_count}:{hash_high or 0}:{hash_low or 0}:{hash_xor or 0}"
    return blake2b(told.encode(), digest_size=16).hexdigest()


def table_hash(rows: DataFrame, contract: Contract) -> str:
    """The content hash of a whole table or any part of it."""
    row = rows.agg(F.count(F.lit(1)).alias("rows_count"), *hash_aggregates(contract)).collect()[0]
    return content_hash(row.rows_count, row.hash_high, row.hash_low, row.hash_xor)


def _quality_aggregates(contract: Contract) -> list[Column]:
    """What quality is scored and watched by, besides broken rules. Sums of whole numbers, so that no order of rows changes a mean."""
    told = timely(contract)
    watched = [column for column in contract.columns if column.name in contract.watched]
    numbers = [F.col(c.name).cast("bigint") if c.type == "boolean" else F.col(c.name) for c in watched]
    return [
        *([] if told is None else [F.count_if(F.expr(told)).alias("timely_count")]),
        *(F.sum(number).alias(f"sum:{column.name}") for column, number in zip(watched, numbers, strict=True)),
        *(F.count(column.name).alias(f"count:{column.name}") for column in watched),
    ]


def _profile(contract: Contract, row: Row, broken: dict[str, int]) -> PartitionProfile:
    """A partition's profile from its row of aggregates; among `broken` the names with a colon are rules, the others dimensions."""
    return PartitionProfile(
        key=row[_KEY],
        rows_count=row.rows_count,
        content_hash=content_hash(row.rows_count, row.hash_high, row.hash_low, row.hash_xor),
        broken={name: count for name, count in broken.items() if ":" in name},
        broken_rows={name: count for name, count in broken.items() if ":" not in name},
        timely_count=row.asDict().get("timely_count"),
        means={name: row[f"sum:{name}"] / count for name in contract.watched if (count := row[f"count:{name}"])},
    )


def _key_text(contract: Contract) -> Column:
    text = F.col(_KEY) if contract.partition == "none" else F.date_format(_KEY, _FORMATS[contract.partition])
    return F.coalesce(text, F.lit(WITHOUT_PARTITION))


def _is_unsound(contract: Contract) -> Column:
    """The row breaks some rule: one cheap question, so that which rules is asked only where the answer is yes."""
    return F.expr(" OR ".join(f"({rule.broken})" for rule in row_rules(contract)))


def _broken_rules(keyed: DataFrame, contract: Contract) -> dict[str, dict[str, int]]:
    """How many rows of each partition break which rule, and how many break any rule of which dimension."""
    conditions: dict[str, str] = {}
    for rule in row_rules(contract):
        dimension = rule_dimension(contract, rule.code)
        conditions[rule.code] = rule.broken
        conditions[dimension] = f"{conditions[dimension]} OR ({rule.broken})" if dimension in conditions else f"({rule.broken})"
    names = F.array_compact(F.array(*(F.when(F.expr(broken), F.lit(name)) for name, broken in conditions.items())))
    told = keyed.where(_is_unsound(contract)).select(_KEY, F.explode(names).alias("code"))
    broken: dict[str, dict[str, int]] = {}
    for key, code, count in told.groupBy(_KEY, "code").count().withColumn(_KEY, _key_text(contract)).collect():
        broken.setdefault(key, {})[code] = count
    return broken


def _repeated_keys(keyed: DataFrame, contract: Contract) -> dict[str, int]:
    """How many rows of each partition repeat a key that another row has.

    Keys are first counted by their hash, which is cheap to group by. Equal keys have equal hashes, so where no hash repeats, no key does.
    """
    if UNIQUE_KEY not in rule_codes(contract):
        return {}
    if not _repeats(keyed, contract, F.xxhash64(*contract.key).alias("key_hash")):
        return {}
    return _repeats(keyed, contract, *(F.col(name) for name in contract.key))


def _repeats(keyed: DataFrame, contract: Contract, *key: Column) -> dict[str, int]:
    """Rows beyond the first of each key, by partition; partitions without any are left out."""
    repeats = keyed.groupBy(_KEY, *key).agg((F.count(F.lit(1)) - 1).alias("repeats")).where("repeats > 0")
    found = repeats.groupBy(_KEY).agg(F.sum("repeats").alias("repeats"))
    return {row[_KEY]: row.repeats for row in found.withColumn(_KEY, _key_text(contract)).collect()}
