"""Builds, by the logs they write (ops.build_log, publish_log, restatements, quality_scores)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from playhead.contracts.model import built_tables
from playhead.contracts.shapes import Dimension
from playhead.observability import metrics as m
from playhead.observability.sources.log import Log

_LAST_PULL = """
SELECT dag_id AS dag, epoch(finished_at) AS finished, epoch(finished_at - planned_at) AS seconds,
       len(touched_hours) AS touched, len(pending_hours) AS pending
FROM log WHERE run_kind = 'pull' QUALIFY row_number() OVER (PARTITION BY dag_id ORDER BY finished_at DESC) = 1
"""
_BUILDS = "SELECT dag_id, run_kind, count(*) AS counted FROM log GROUP BY ALL"
_REFUSED = "SELECT split_part(place, '/', 1), count(*) FROM (SELECT unnest(failed_partitions) AS place FROM log) GROUP BY ALL"
_PUBLISHED = "SELECT table_name, count(*) FROM log GROUP BY ALL"
_RESTATED = "SELECT table_name, count(*) FROM log WHERE measure_name = 'rows_count' GROUP BY ALL"
_LAST_SCORES = """
SELECT table_name, min(completeness_score) AS completeness, min(validity_score) AS validity, min(uniqueness_score) AS uniqueness,
       min(timeliness_score) AS timeliness, min(consistency_score) AS consistency, min(total_score) AS total
FROM log SEMI JOIN (SELECT table_name, max_by(run_id, judged_at) AS run_id FROM log GROUP BY ALL) USING (table_name, run_id) GROUP BY ALL
"""
_UNUSUAL = "SELECT table_name, count(DISTINCT partition_key) FROM log WHERE cardinality(anomalies) > 0 GROUP BY ALL"


class Builds:
    """The builds of a lake; one that never built has counts of zero, and no last build."""

    def __init__(self, lake: str) -> None:
        self._builds = Log(lake, "ops.build_log", (_LAST_PULL, _BUILDS, _REFUSED))
        # From zero on: a counter that appears at one would hide its first refusal from increase().
        self._none_yet: dict[tuple[str, ...], float] = {(name,): 0.0 for layer in ("silver", "gold") for name in built_tables(layer)}
        self._none_restated: dict[tuple[str, ...], float] = {(name,): 0.0 for name in built_tables("gold")}
        self._publishes = Log(lake, "ops.publish_log", (_PUBLISHED,))
        self._restatements = Log(lake, "ops.restatements", (_RESTATED,))
        self._scores = Log(lake, "ops.quality_scores", (_LAST_SCORES, _UNUSUAL))

    def read(self) -> m.Readings:
        """The last pull build of each DAG, and what was recorded, published, scored, restated and refused so far."""
        last, builds, refused = self._builds.ask()
        (published,) = self._publishes.ask()
        (restated,) = self._restatements.ask()
        scores, unusual = self._scores.ask()
        return {
            m.BUILD_FINISHED: {(row["dag"],): row["finished"] for row in last},
            m.BUILD_SECONDS: {(row["dag"],): row["seconds"] for row in last if row["seconds"] is not None},
            m.TOUCHED_HOURS: {(row["dag"],): row["touched"] for row in last},
            m.PENDING_HOURS: {(row["dag"],): row["pending"] for row in last},
            m.BUILDS: _counts(builds),
            m.QUALITY: _scores(scores),
            m.UNUSUAL: self._none_yet | _counts(unusual),
            m.REFUSED: self._none_yet | _counts(refused),
            m.PUBLISHED: self._none_yet | _counts(published),
            m.RESTATED: self._none_restated | _counts(restated),
        }


def _counts(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, ...], float]:
    """Rows whose last column is a count, by the others."""
    return {tuple(labels): float(count) for *labels, count in (row.values() for row in rows)}


def _scores(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, ...], float]:
    """Scores by table and dimension; one that rows do not tell is absent."""
    return {
        (row["table_name"], dimension): row[dimension]
        for row in rows
        for dimension in (*get_args(Dimension), "total")
        if row[dimension] is not None
    }
