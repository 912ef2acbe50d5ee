"""The Kafka topics, declared in one place: the broker, the producers and the collector's size limit all follow this table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from playhead.errors import SettingsError

_MB = 1024 * 1024
CONTROL = "control"
ALERTS = "alerts"


@dataclass(frozen=True)
class Topic:
    """A declared topic. Events keep the time the broker took them (LogAppendTime), so old events are not expired on arrival."""

    name: str
    retention: timedelta
    max_message_bytes: int
    partitions: int
    replication: int = 1

    def config(self) -> dict[str, str]:
        """The topic-level settings that Playhead declares."""
        return {
            "retention.ms": str(int(self.retention.total_seconds() * 1000)),
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "LogAppendTime",
            "cleanup.policy": "delete",
            "min.insync.replicas": str(max(1, self.replication - 1)),
            "unclean.leader.election.enable": "false",
        }


# Partitions here are the defaults; settings.topic_partitions overrides them by name.
_TOPICS = (
    Topic("video_events", timedelta(days=7), 1 * _MB, partitions=12),
    Topic("user_interactions", timedelta(days=14), 2 * _MB, partitions=8),
    Topic("ad_events", timedelta(days=30), 1 * _MB, partitions=6),
    Topic("session_events", timedelta(days=90), 1 * _MB, partitions=4),
    Topic("dead_letter_queue", timedelta(days=7), 5 * _MB, partitions=1),
    # What the query `alerts` found, for operators' own consumers.
    Topic(ALERTS, timedelta(days=7), 1 * _MB, partitions=1),
    # The streaming app announces closed event hours here; an asset watcher wakes the builds.
    Topic(CONTROL, timedelta(days=7), 1 * _MB, partitions=1),
)


def declared_topics(partitions: Mapping[str, int], replication: int) -> dict[str, Topic]:
    """The topics by name, with the deployment's partitions and replication.

    Raises:
        SettingsError: a partition count is given for a topic that Playhead does not have.
    """
    unknown = sorted(set(partitions) - {topic.name for topic in _TOPICS})
    if unknown:
        names = ", ".join(topic.name for topic in _TOPICS)
        raise SettingsError(f"PLAYHEAD_TOPIC_PARTITIONS names {', '.join(unknown)}, which is no topic; the topics are {names}")
    return {
        topic.name: replace(topic, partitions=partitions.get(topic.name, topic.partitions), replication=replication) for topic in _TOPICS
    }
