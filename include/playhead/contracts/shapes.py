"""What a contract consists of: columns, conditions, tables and event types. Nothing here imports Spark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Dimension = Literal["completeness", "validity", "uniqueness", "timeliness", "consistency"]
Partition = Literal["event_hour", "event_date", "score_date", "none"]
# Columns that differ between two honest rebuilds of the same data, left out of content hashes.
NOT_DETERMINISTIC = frozenset(
    {"topic", "partition", "offset", "kafka_timestamp", "landed_at", "landed_date", "published_at", "finished_at", "found_at", "raised_at",
     "run_id", "dag_id", "table_version", "bronze_version", "inputs", "published", "model_version"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a contract. `type` is a Spark SQL type; ranges are inclusive unless exclusive_minimum is set.

    `defined_by` names the publications whose definition it follows; none where it is ours.
    """

    name: str
    type: str
    description: str
    required: bool = False
    is_key: bool = False
    enum: tuple[str, ...] = ()
    minimum: float | None = None
    exclusive_minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    classification: str | None = None
    defined_by: tuple[str, ...] = ()

    @property
    def is_deterministic(self) -> bool:
        """True where two rebuilds of the same data give the same value, so that content hashes may cover it."""
        return self.name not in NOT_DETERMINISTIC


def decimal_size(spark_type: str) -> tuple[int, int] | None:
    """Precision and scale of a decimal type; None for any other type."""
    decimal = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", spark_type)
    return (int(decimal[1]), int(decimal[2])) if decimal else None


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule over several columns of one row: a Spark SQL boolean expression that must hold (NULL counts as broken)."""

    name: str
    expression: str
    description: str
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class Contract:
    """One published table: its columns in order, key, partition column, writer, owner, freshness, and the columns whose mean is watched."""

    name: str
    version: str
    description: str
    grain: str
    columns: tuple[Column, ...]
    conditions: tuple[Condition, ...]
    partition: Partition
    writer: str
    owner: str
    freshness_minutes: int
    watched: tuple[str, ...] = ()

    @property
    def layer(self) -> str:
        """Layer part of the name."""
        return self.name.partition(".")[0]

    @property
    def table(self) -> str:
        """Table part of the name."""
        return self.name.partition(".")[2]

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that identify a row."""
        return tuple(c.name for c in self.columns if c.is_key)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(c.name for c in self.columns)

    @property
    def hashed_columns(self) -> tuple[str, ...]:
        """Columns that content hashes cover."""
        return tuple(c.name for c in self.columns if c.is_deterministic)


@dataclass(frozen=True, slots=True)
class View:
    """One BI view: what it is for, what a row is, and who answers for it. Its columns are those of its SQL."""

    name: str
    description: str
    grain: str
    owner: str


@dataclass(frozen=True, slots=True)
class EventType:
    """One of the 24 event types: envelope, family and its own columns, merged; required flags are the type's own."""

    name: str
    version: str
    family: str
    topic: str
    columns: tuple[Column, ...]
    conditions: tuple[Condition, ...]

    @property
    def required(self) -> frozenset[str]:
        """Columns the type must carry."""
        return frozenset(c.name for c in self.columns if c.required)
