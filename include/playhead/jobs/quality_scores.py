"""Keep what the gate found of each partition as numbers: ops.quality_scores, one commit per run, and what is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from playhead.io.delta_table import append_rows, query_log
from playhead.io.lock import table_lock
from playhead.io.partitions import partition_end
from playhead.quality.anomalies import MOST_WEEKS, Comparison, Sample, compare_with_past_weeks
from playhead.quality.profile import WITHOUT_PARTITION

QUALITY_SCORES = "ops.quality_scores"

# A row as the gate leaves it (quality.score.scored_row), by table.
Scored = Mapping[str, Sequence[Mapping[str, Any]]]

# The partitions of weeks before, as last published, and what the run itself has written already.
_PAST = """
SELECT table_name, partition_key, max_by({rows_count: rows_count, means: watched_means}, judged_at) AS latest,
       bool_or(run_id = $run_id) AS is_mine
FROM log WHERE list_contains($tables, table_name)
  AND (run_id = $run_id OR (NOT is_refused AND partition_key >= $first AND partition_key <= $last))
GROUP BY ALL
"""
# The newest score of each partition, and how its total differs from what is usual for the partitions before it.
_LATEST = """
SELECT *, total_score - median(total_score) OVER before AS trend
FROM (FROM log WHERE $table IS NULL OR table_name = $table
      QUALIFY row_number() OVER (PARTITION BY table_name, partition_key ORDER BY judged_at DESC) = 1)
WINDOW before AS (PARTITION BY table_name ORDER BY partition_key ROWS BETWEEN 24 PRECEDING AND 1 PRECEDING)
QUALIFY $since IS NULL OR partition_key >= $since
ORDER BY total_score, cardinality(anomalies) DESC, partition_key DESC, table_name
"""
_MAPS = ("broken_rules", "watched_means", "anomalies")


def write_scores(lake: str, run_id: str, dag_id: str, scored: Scored, *, as_of: datetime) -> None:
    """Append the scores of a run, in one commit; a run that has written them already changes nothing.

    Partitions that were over at `as_of`, when the run's data was pinned, are compared with those of weeks before: what is still growing
    would always look too small.
    """
    judged = {table: rows for table, rows in scored.items() if rows}
    if not judged:
        return
    with table_lock(lake, QUALITY_SCORES, holder=run_id):
        past = _read_past(lake, run_id, judged)
        if past is None:
            return
        told = {"run_id": run_id, "dag_id": dag_id, "judged_at": datetime.now(UTC)}
        rows: list[dict[str, Any]] = []
        for table, scores in judged.items():
            compared = _compare(scores, past.get(table, {}), as_of)
            rows += [{**told, "table_name": table, **row, **_columns(compared.get(row["partition_key"]))} for row in scores]
        append_rows(lake, QUALITY_SCORES, rows)


def read_scores(lake: str, *, table: str | None = None, since: str | None = None) -> list[dict[str, Any]]:
    """The newest score of each partition, the worst first; `since` is the key of an hour or a day.

    `trend` is the total less the median total of the table's 24 partitions before; None where there are none.
    """
    rows = query_log(lake, QUALITY_SCORES, _LATEST, {"table": table, "since": since})
    return [row | {name: dict(row[name]) for name in _MAPS} for row in rows]


def _read_past(lake: str, run_id: str, judged: Scored) -> dict[str, dict[str, Sample]] | None:
    """Partitions of weeks before by table; None where the run's scores are written already."""
    keys = [row["partition_key"] for rows in judged.values() for row in rows if row["partition_key"] != WITHOUT_PARTITION]
    reach = timedelta(weeks=MOST_WEEKS)
    first = f"{partition_end(min(keys)) - reach:%Y-%m-%d}" if keys else ""
    found: dict[str, dict[str, Sample]] = {}
    about = {"run_id": run_id, "tables": sorted(judged), "first": first, "last": max(keys, default="")}
    for row in query_log(lake, QUALITY_SCORES, _PAST, about):
        if row["is_mine"]:
            return None
        latest = row["latest"]
        found.setdefault(row["table_name"], {})[row["partition_key"]] = Sample(latest["rows_count"], dict(latest["means"]))
    return found


def _compare(rows: Sequence[Mapping[str, Any]], past: Mapping[str, Sample], as_of: datetime) -> dict[str, Comparison]:
    """What is unusual of a table's partitions, those of this run being the past of its later ones."""
    over = [row for row in rows if row["partition_key"] != WITHOUT_PARTITION and partition_end(row["partition_key"]) <= as_of]
    judged = {row["partition_key"]: Sample(row["rows_count"], row["watched_means"]) for row in over}
    sound = {row["partition_key"]: judged[row["partition_key"]] for row in over if not row["is_refused"]}
    return compare_with_past_weeks({**past, **sound}, judged)


def _columns(compared: Comparison | None) -> dict[str, Any]:
    found = compared or Comparison()
    return {"compared_weeks_count": found.weeks_count, "anomalies": found.anomalies}
