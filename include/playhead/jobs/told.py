"""What the ops logs tell of the partitions of some days and of no others, however many years the logs hold.

Files of other partitions are left alone by their statistics on `partition_key`, which lie in the tables' own log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from playhead.io.delta_table import least_value, query_log

_PUBLISHED = """
SELECT table_name, partition_key, max(published_at) AS published_at, max(published_at) FILTER (is_change) AS changed_at
FROM (
    SELECT table_name, partition_key, published_at, content_hash <> lag(content_hash) OVER before AS is_change
    FROM log WHERE partition_key >= $since AND partition_key < $until
    WINDOW before AS (PARTITION BY table_name, partition_key ORDER BY published_at)
) GROUP BY ALL
"""
_JUDGED = """
SELECT table_name, partition_key, is_refused, total_score, completeness_score, validity_score, uniqueness_score, timeliness_score,
       consistency_score, cardinality(anomalies)::INTEGER AS anomalies, docs_page, judged_at
FROM log WHERE partition_key >= $since AND partition_key < $until
QUALIFY row_number() OVER (PARTITION BY table_name, partition_key ORDER BY judged_at DESC) = 1
"""
Judged = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What the logs tell of a partition: its last publish, the last that changed its content, and whether the gate last refused it."""

    published_at: datetime | None = None
    changed_at: datetime | None = None
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """What was read of the logs: by table what is told of each partition, the newest judgements, and the first partition of the lake."""

    told: Mapping[str, Mapping[str, Told]]
    judged: Mapping[str, Sequence[Judged]]
    first: str | None


def read_window(lake: str, days: Sequence[str], until: str) -> Window:
    """What the logs tell of the partitions of some days, which ascend; `until` is the day after the last."""
    asked = {"since": days[0], "until": until}
    judged: dict[str, list[Judged]] = defaultdict(list)
    refused: set[tuple[str, str]] = set()
    for row in query_log(lake, "ops.quality_scores", _JUDGED, asked):
        judged[row["table_name"]].append(row)
        if row["is_refused"]:
            refused.add((row["table_name"], row["partition_key"]))
    told: dict[str, dict[str, Told]] = defaultdict(dict)
    for row in query_log(lake, "ops.publish_log", _PUBLISHED, asked):
        table, key = row["table_name"], row["partition_key"]
        told[table][key] = Told(row["published_at"], row["changed_at"], (table, key) in refused)
    for table, key in refused:
        told[table].setdefault(key, Told(is_refused=True))
    return Window(told, judged, _first(lake, told, days[0]))


def _first(lake: str, told: Mapping[str, Mapping[str, Told]], since: str) -> str | None:
    """The key that the lake begins with: of an hour if there is one in the window, and of the window where the lake is older."""
    least = least_value(lake, "ops.publish_log", "partition_key")
    if least is not None and least < since:
        return since
    keys = {key for table in told.values() for key in table}
    return min((key for key in keys if "T" in key), default=min(keys, default=None))
