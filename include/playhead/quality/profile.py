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
    keyed = rows.withColumn(_KEY, F.coalesce(partition_key(contract), F.lit(WITHOUT_PARTITION)))
    counted = keyed.groupBy(_KEY).agg(F.count(F.lit(1)).alias("rows_count"), *hash_aggregates(contract)).collect()
    broken = _broken(keyed, contract)
    found = {
        row[_KEY]: PartitionProfile(
            row[_KEY], row.rows_count, content_hash(row.rows_count, row.hash_sum, row.hash_xor), broken.get(row[_KEY], {})
        )
        for row in counted
    }
    return [found.get(key) or PartitionProfile(key, 0, content_hash(0, None, None)) for key in sorted({*keys, *found})]


def partition_key(contract: Contract) -> Column:
    """The key of a row's partition, as ISO text; NULL where the partition column is."""
    if contract.partition == "none":
        return F.lit("all")
    return F.date_format(contract.partition, _FORMATS[contract.partition])


def hash_aggregates(contract: Contract) -> tuple[Column, Column]:
    """`hash_sum` and `hash_xor` over the contract's deterministic columns: the same for the same rows in any order.

    NULLs are marked beside the values, because xxhash64 passes over them: ('a', NULL) would equal (NULL, 'a').
    """
    names = contract.hashed_columns
    of_row = F.xxhash64(*(F.col(name) for name in names), *(F.col(name).isNull() for name in names))
    return F.sum(of_row.cast("decimal(20,0)")).alias("hash_sum"), F.bit_xor(of_row).alias("hash_xor")


def content_hash(rows_count: int, hash_sum: object, hash_xor: object) -> str:
    """The text that stands for a partition's content; equal rows give equal text."""
    return blake2b(f"{rows_count}:{hash_sum or 0}:{hash_xor or 0}".encode(), digest_size=16).hexdigest()


def table_hash(rows: DataFrame, contract: Contract) -> str:
    """The content hash of a whole table or any part of it."""
    row = rows.agg(F.count(F.lit(1)).alias("rows_count"), *hash_aggregates(contract)).collect()[0]
    return content_hash(row.rows_count, row.hash_sum, row.hash_xor)


def _broken(keyed: DataFrame, contract: Contract) -> dict[str, dict[str, int]]:
    """Counts of broken rules by partition. Sound rows are passed over before anything is grouped, so clean data costs one scan."""
    codes = F.array_compact(F.array(*(F.when(F.expr(rule.broken), F.lit(rule.code)) for rule in row_rules(contract))))
    per_rule = keyed.select(_KEY, F.explode(codes).alias("code")).groupBy(_KEY, "code").agg(F.count(F.lit(1)).alias("broken"))
    if UNIQUE_KEY in rule_codes(contract):
        repeats = keyed.groupBy(_KEY, *contract.key).agg((F.count(F.lit(1)) - 1).alias("repeats")).where("repeats > 0")
        per_rule = per_rule.union(repeats.groupBy(_KEY).agg(F.lit(UNIQUE_KEY), F.sum("repeats")))
    broken: dict[str, dict[str, int]] = {}
    for key, code, count in per_rule.collect():
        broken.setdefault(key, {})[code] = count
    return broken
