"""What the collector counts, in Prometheus' format: every event and report it was given ends in exactly one outcome here."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """One set of metrics per application, so that two in one process do not mix."""

    def __init__(self) -> None:
        """Everything at zero."""
        self.registry = CollectorRegistry()
        self.given = Counter(
            "playhead_collector_given",
            "Events and CMCD reports by what became of them: accepted, held, ignored, rejected, refused (asked to retry).",
            ["endpoint", "outcome"],
            registry=self.registry,
        )
        self.reasons = Counter(
            "playhead_collector_reasons", "Reasons for rejecting or ignoring.", ["endpoint", "reason"], registry=self.registry
        )
        self.answers = Counter("playhead_collector_answers", "Answers by HTTP status.", ["endpoint", "status"], registry=self.registry)
        self.in_flight = Gauge("playhead_collector_in_flight_events", "Events waiting for the broker.", registry=self.registry)
        self.sends = Histogram(
            "playhead_collector_send_seconds",
            "One batch: ledger, broker and acknowledgement.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.batch = Histogram(
            "playhead_collector_batch_events", "Events per batch.", buckets=(1, 3, 10, 30, 100, 300, 1000, 3000), registry=self.registry
        )
