"""The exporter's metrics: each is declared here once; what Prometheus reads and docs/prometheus.md follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from prometheus_client import Metric as Family
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's name as rules and dashboards write it (a histogram's without _bucket, _sum and _count), and what it means."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()


class Distribution:
    """How many observations fell at or below each bound; as much memory as it has bounds."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = np.zeros(len(bounds) + 1, dtype=np.int64)
        self._total = 0.0

    def add(self, values: ArrayLike) -> None:
        """Count observations."""
        seen = np.asarray(values, dtype=np.float64)
        places = np.searchsorted(self._bounds, seen, side="left")
        self._counts += np.bincount(places, minlength=len(self._counts))
        self._total += float(seen.sum())

    @property
    def total(self) -> float:
        """Sum of all observations."""
        return self._total

    def buckets(self) -> list[tuple[str, float]]:
        """Prometheus' cumulative buckets."""
        names = map(floatToGoString, (*self._bounds, float("inf")))  # as Prometheus 3 writes them itself: 60.0
        return list(zip(names, map(float, self._counts.cumsum()), strict=True))


Values = Mapping[tuple[str, ...], float | Distribution]
Readings = dict[Metric, Values]


@dataclass(slots=True)
class Tally:
    """Counts by label values. Past `limit` different ones the rest is counted as `other`, so that memory stays bounded."""

    limit: int = 200
    counts: dict[tuple[str, ...], float] = field(default_factory=dict)

    def add(self, label: str, count: float) -> None:
        """Count."""
        key = (label,) if (label,) in self.counts or len(self.counts) < self.limit else ("other",)
        self.counts[key] = self.counts.get(key, 0.0) + count


def family(metric: Metric, values: Values) -> Family:
    """A metric with its values, as prometheus_client writes it."""
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.name, metric.meaning, labels=metric.labels)
        for labels, value in values.items():
            if isinstance(value, Distribution):
                histogram.add_metric(labels, value.buckets(), value.total)
        return histogram
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    plain = kind(metric.name, metric.meaning, labels=metric.labels)
    for labels, value in values.items():
        if not isinstance(value, Distribution):
            plain.add_metric(labels, value)
    return plain


SOURCE_UP = Metric("playhead_source_up", "gauge", "1 where the exporter could read the source at this scrape, else 0.", ("source",))
SOURCE_SECONDS = Metric("playhead_source_seconds", "gauge", "How long reading the source took.", ("source",))

HEARTBEAT_AGE = Metric("playhead_stream_heartbeat_age_seconds", "gauge", "Time since the streaming app's last sign of life.")
STARTED = Metric("playhead_stream_started_timestamp_seconds", "gauge", "When the streaming app started; it changes at a restart.")
STREAM_ROWS = Metric("playhead_stream_rows_total", "counter", "Records the streaming app landed since it started.")
BATCHES = Metric("playhead_stream_batches_total", "counter", "Micro-batches since the streaming app started.")
BATCH_SECONDS = Metric("playhead_stream_batch_seconds_total", "counter", "Time spent in micro-batches since the streaming app started.")
STREAM_STOPS = Metric(
    "playhead_stream_stops_total",
    "counter",
    "Streaming apps that ended though nobody had asked them to. One that told of no end, for it was killed, counts when the next starts.",
    ("reason",),
)
STREAM_REFUSALS = Metric("playhead_stream_refusals_total", "counter", "Streaming apps that were not started, for another one runs.")
STREAM_FAILURES = Metric(
    "playhead_stream_failures_total",
    "counter",
    "Failures of work beside landing since the streaming app started; it is started again.",
    ("work",),
)
LAST_BATCH_ROWS = Metric("playhead_stream_last_batch_rows", "gauge", "Records of the last micro-batch.")
LAST_BATCH_SECONDS = Metric("playhead_stream_last_batch_seconds", "gauge", "How long the last micro-batch took.")
LAST_BATCH_RATE = Metric("playhead_stream_last_batch_events_per_second", "gauge", "Records per second within the last micro-batch.")

BRONZE_VERSION = Metric("playhead_bronze_version", "gauge", "Newest version of bronze.events.")
COMMIT_AGE = Metric(
    "playhead_bronze_commit_age_seconds", "gauge", "Time since the newest commit to bronze.events; grows while no event comes."
)
NEWEST_RECORD_AGE = Metric(
    "playhead_bronze_newest_record_age_seconds",
    "gauge",
    "End-to-end age: time since the broker took the newest record that bronze.events shows; absent until the exporter saw a commit.",
)
VISIBLE_AFTER = Metric(
    "playhead_event_visible_seconds",
    "histogram",
    "Of every record: from the broker's timestamp to the commit that shows it in bronze.events. The freshness objective counts these.",
)
RECORDS_REJECTED = Metric("playhead_records_rejected_total", "counter", "Records that landed with a reason for rejection.")
REJECTIONS = Metric("playhead_rejections_total", "counter", "Reasons for rejection; a record can have several.", ("reason",))
VERSIONS_PASSED_OVER = Metric(
    "playhead_bronze_versions_passed_over_total",
    "counter",
    "Versions of bronze.events whose rows the exporter did not count, because nobody scraped it for long.",
)

LAG = Metric("playhead_kafka_lag_records", "gauge", "Records that bronze.events does not hold yet.", ("topic", "partition"))
END_OFFSET = Metric("playhead_kafka_end_offset", "gauge", "Next offset that the broker will give.", ("topic", "partition"))
LEADER_EPOCH = Metric(
    "playhead_kafka_leader_epoch",
    "gauge",
    "How often the partition has been given a leader: it grows when a broker ends, or comes back.",
    ("topic", "partition"),
)
STABLE_OFFSET = Metric(
    "playhead_kafka_stable_offset",
    "gauge",
    "Where the first transaction begins that has not ended, else the end: the streaming app is shown what lies before it.",
    ("topic", "partition"),
)

_GROUP = ("country", "platform")
LIVE_AGE = Metric("playhead_live_age_seconds", "gauge", "Time since the newest minute of gold.qoe_live began; grows while no event comes.")
LIVE_OPEN = Metric("playhead_live_open_plays", "gauge", "Plays under way now. The metrics below are of the last whole minute.", _GROUP)
LIVE_PLAYS = Metric("playhead_live_minute_plays", "gauge", "Plays that began.", _GROUP)
LIVE_FAILED = Metric("playhead_live_minute_failed_plays", "gauge", "Plays that met a fatal error.", _GROUP)
LIVE_STALL_SECONDS = Metric("playhead_live_minute_stall_seconds", "gauge", "Time stalled.", _GROUP)
LIVE_OPEN_SECONDS = Metric("playhead_live_minute_open_seconds", "gauge", "Time that plays were under way, pauses included.", _GROUP)
LIVE_AD_IMPRESSIONS = Metric("playhead_live_minute_ad_impressions", "gauge", "Ads shown.", _GROUP)
LIVE_AD_ERRORS = Metric("playhead_live_minute_ad_errors", "gauge", "Ads that could not be shown.", _GROUP)

BUILDS = Metric("playhead_builds_total", "counter", "Recorded builds: ops.build_log's rows.", ("dag", "kind"))
BUILD_FINISHED = Metric("playhead_build_finished_timestamp_seconds", "gauge", "When the DAG's last pull build was recorded.", ("dag",))
BUILD_SECONDS = Metric("playhead_build_seconds", "gauge", "From plan to record, of the DAG's last pull build.", ("dag",))
TOUCHED_HOURS = Metric("playhead_build_touched_hours", "gauge", "Event hours the DAG's last pull build built.", ("dag",))
PENDING_HOURS = Metric("playhead_build_pending_hours", "gauge", "Event hours the DAG's last pull build left to a later one.", ("dag",))
PUBLISHED = Metric("playhead_partitions_published_total", "counter", "Partitions made visible: ops.publish_log's rows.", ("table",))
RESTATED = Metric("playhead_partitions_restated_total", "counter", "Told numbers that changed, by ops.restatements.", ("table",))
QUALITY = Metric(
    "playhead_quality_score",
    "gauge",
    "Lowest score, 0 to 100, among the partitions that the table's last judged run built, by ops.quality_scores.",
    ("table", "dimension"),
)
UNUSUAL = Metric(
    "playhead_partitions_unusual_total",
    "counter",
    "Partitions whose rows or watched means were unlike the same hour of the weeks before, by ops.quality_scores.",
    ("table",),
)
REFUSED = Metric("playhead_partitions_refused_total", "counter", "Partitions the gate refused, by ops.build_log.", ("table",))

STEPS = Metric(
    "playhead_build_steps",
    "gauge",
    "Steps of DAG runs and builds that are not done, by how the last attempt goes: under_way, silent (it stands still), failed, or died.",
    ("dag", "step", "state"),
)
STEPS_REPEATED = Metric("playhead_build_steps_repeated", "gauge", "Those of them that were begun more than once.", ("dag", "step"))

AIRFLOW_AGE = Metric("playhead_airflow_heartbeat_age_seconds", "gauge", "Time since a part of Airflow was heard of.", ("part",))

UNACKNOWLEDGED_AGE = Metric(
    "playhead_producer_unacknowledged_seconds",
    "gauge",
    "How long ago a producer entered its newest records in its ledger, where the ledger does not call them acknowledged; else 0.",
    ("producer",),
)
DISCONNECTED = Metric(
    "playhead_producer_disconnected_timestamp_seconds", "gauge", "When a producer lost a connection to a broker last.", ("producer",)
)

LOADS = Metric("playhead_loads_total", "counter", "Warehouse loads: loaded, unchanged, mismatched or failed.", ("outcome",))
LOAD_FINISHED = Metric("playhead_load_finished_timestamp_seconds", "gauge", "When the last good load (loaded, unchanged) finished.")
LOAD_SECONDS = Metric("playhead_load_seconds", "gauge", "How long the last load that loaded rows took.")
LOAD_ROWS = Metric("playhead_load_rows", "gauge", "Rows of the last load that loaded any.", ("table",))

RECONCILE_FINISHED = Metric("playhead_reconcile_finished_timestamp_seconds", "gauge", "When the books were last reconciled by the DAG.")
RECONCILE_EVENTS = Metric("playhead_reconcile_events", "gauge", "Events that the last reconciliation compared.")
DIFFERING_MINUTES = Metric(
    "playhead_reconcile_differing_minutes",
    "gauge",
    "Event minutes in which the last reconciliation found the table not to be what it should; absent where it was.",
    ("table",),
)

WATCHED = Metric("playhead_deadlines_looked_timestamp_seconds", "gauge", "When the watcher last looked at all deadlines.")
OVERDUE = Metric("playhead_overdue_intervals", "gauge", "Intervals that were due by the table's contract and not there.", ("table",))
UNSENT = Metric("playhead_unsent_notices", "gauge", "Notices about deadlines that no mail server has taken yet.")

CMCD_PLAYS = Metric("playhead_cmcd_plays", "gauge", "Plays whose CMCD reports the newest nightly count looked at, by ops.cmcd_gaps.")
CMCD_PLAYS_WITH_GAPS = Metric("playhead_cmcd_plays_with_gaps", "gauge", "Those of them of which a report is missing.")
CMCD_EXPECTED = Metric("playhead_cmcd_expected_reports", "gauge", "Reports that their players numbered, as far as was heard.")
CMCD_MISSING = Metric("playhead_cmcd_missing_reports", "gauge", "Reports that their players numbered and the collector never took.")

METRICS: tuple[Metric, ...] = tuple(value for value in globals().values() if isinstance(value, Metric))
