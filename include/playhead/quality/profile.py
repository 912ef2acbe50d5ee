"""Profile the partitions of a table: rows, content hash and how often each contract rule is broken.

The profile has one small row per partition, so that Great Expectations judges hundreds of rows and not millions, and its verdict names
the partition and the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.quality.contract_rules import UNIQUE_KEY, row_rules, rule_codes

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from playhead.contracts.model import Contract

_KEY = "partition_key"
_FORMATS = {"event_hour": "yyyy-MM-dd'T'HH", "event_date": "yyyy-MM-dd", "score_date": "yyyy-MM-dd"}
WITHOUT_PARTITION = "none"


@dataclass(frozen=True, slots=True)
class PartitionProfile:
    """One partition: how many rows, their order-free content hash, and broken rules with counts."""

    key: str
    rows_count: int
    content_hash: str
    broken: dict[str, int] = field(default_factory=dict)


def profile_partitions(rows: DataFrame, contract: Contract, keys: Sequence[str] = ()) -> list[PartitionProfile]:
    """Profile every partition among `rows`, ascending; `keys` without rows come out empty.

    Rows whose partition column is NULL come out as partition `none`.
    """
    keyed = rows.withColumn(_KEY, partition_value(contract))
    counted = keyed.groupBy(_KEY).agg(F.count(F.lit(1)).alias("rows_count"), *hash_aggregates(contract))
    broken = _broken(keyed, contract)
    found: dict[str, PartitionProfile] = {}
    for row in counted.withColumn(_KEY, _key_text(contract)).collect():
        told = content_hash(row.rows_count, row.hash_high, row.hash_low, row.hash_xor)
        found[row[_KEY]] = PartitionProfile(row[_KEY], row.rows_count, told, broken.get(row[_KEY], {}))
    return [found.get(key) or PartitionProfile(key, 0, content_hash(0, None, None, None)) for key in sorted({*keys, *found})]


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


def _key_text(contract: Contract) -> Column:
    text = F.col(_KEY) if contract.partition == "none" else F.date_format(_KEY, _FORMATS[contract.partition])
    return F.coalesce(text, F.lit(WITHOUT_PARTITION))


def _broken(keyed: DataFrame, contract: Contract) -> dict[str, dict[str, int]]:
    """Counts of broken rules by partition.

    Whether a row breaks any rule is one cheap question; which ones is asked of the few that do.
    """
    rules = row_rules(contract)
    unsound = keyed.where(" OR ".join(f"({rule.broken})" for rule in rules))
    codes = F.array_compact(F.array(*(F.when(F.expr(rule.broken), F.lit(rule.code)) for rule in rules)))
    per_rule = unsound.select(_KEY, F.explode(codes).alias("code")).groupBy(_KEY, "code").agg(F.count(F.lit(1)).alias("broken"))
    if UNIQUE_KEY in rule_codes(contract):
        repeats = keyed.groupBy(_KEY, *contract.key).agg((F.count(F.lit(1)) - 1).alias("repeats")).where("repeats > 0")
        per_rule = per_rule.union(repeats.groupBy(_KEY).agg(F.lit(UNIQUE_KEY), F.sum("repeats")))
    broken: dict[str, dict[str, int]] = {}
    for key, code, count in per_rule.withColumn(_KEY, _key_text(contract)).collect():
        broken.setdefault(key, {})[code] = count
    return broken
