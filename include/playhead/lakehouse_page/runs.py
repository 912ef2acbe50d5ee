"""What one run of a build read and published, by its rows of the ops logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from playhead.io.delta_table import query_log
from playhead.io.partitions import hour_key
from playhead.jobs.published import RECORDS_OF_RUN
from playhead.jobs.run_context import RunContext

_PUBLISHED = """
SELECT table_name AS "table", table_version AS version, count(*) AS partitions, sum(rows_count)::BIGINT AS "rows",
       min(partition_key) AS first, max(partition_key) AS last
FROM log WHERE run_id = $run_id GROUP BY ALL ORDER BY "table"
"""


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """What a run made visible of a table, and the version that shows it."""

    table: str
    version: int
    partitions: int
    rows: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class ToldRun:
    """A run as it was recorded last: the version of bronze that it read, its hours, and what became of them."""

    kind: str
    bronze_version: int
    hours: list[str]
    pending_hours: list[str]
    refused: list[str]
    planned_at: datetime | None
    finished_at: datetime
    tables: list[PublishedTable] = field(default_factory=list)


def read_run(lake: str, dag_id: str, run_id: str) -> ToldRun | None:
    """What a run of a DAG told; None where it has recorded no build."""
    records = query_log(lake, "ops.build_log", RECORDS_OF_RUN, {"run_id": RunContext(dag_id, run_id).key})
    if not records:
        return None
    last = records[0]
    return ToldRun(
        kind=last["run_kind"],
        bronze_version=last["bronze_version"],
        hours=sorted(map(hour_key, last["touched_hours"])),
        pending_hours=sorted(map(hour_key, last["pending_hours"])),
        refused=sorted(last["failed_partitions"]),
        planned_at=last["planned_at"],
        finished_at=last["finished_at"],
        tables=[PublishedTable(**row) for row in query_log(lake, "ops.publish_log", _PUBLISHED, {"run_id": last["run_id"]})],
    )
