"""Kafka: its partitions, and how far bronze.events is behind the end of each, by the streaming query's checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from playhead.io.kafka import committed_offsets, consumer_lag, stable_offsets
from playhead.observability import metrics as m


def read_lag(client: Mapping[str, str], checkpoint: str, topics: Sequence[str]) -> m.Readings:
    """Lag, end and leader of every partition, and how much of it is shown.

    Raises:
        BrokerError: no broker answers, or a topic does not exist.
    """
    found = consumer_lag(client, committed_offsets(checkpoint), topics)
    return {
        m.LAG: {(lag.topic, str(lag.partition)): lag.records for lag in found},
        m.END_OFFSET: {(lag.topic, str(lag.partition)): lag.end for lag in found},
        m.LEADER_EPOCH: {(lag.topic, str(lag.partition)): lag.leader_epoch for lag in found if lag.leader_epoch is not None},
        m.STABLE_OFFSET: {(topic, str(partition)): offset for (topic, partition), offset in stable_offsets(client, topics).items()},
    }
