"""Kafka: creating the declared topics, and what an operator asks about them (health, lag).

Every call gives up on a broker that does not answer within ten seconds, with one line that says what to do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ClusterMetadata,
    ConfigEntry,
    ConfigResource,
    ListOffsetsResultInfo,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

from playhead.errors import BrokerError
from playhead.io.checkpoint import read_finished_offsets
from playhead.io.topics import Topic
from playhead.settings import Settings

logger = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 8.0
_ELECTING = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._NOENT,  # the broker names no leader for any of the partitions yet
        KafkaError.UNKNOWN_LEADER_EPOCH,  # it names one that it has yet to hear of itself
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.REPLICA_NOT_AVAILABLE,
    }
)
_UNREACHABLE = frozenset({KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE})


def client_config(settings: Settings) -> dict[str, str]:
    """librdkafka settings that reach and authenticate to the broker; callers add what their client needs."""
    config = {"bootstrap.servers": settings.bootstrap, "security.protocol": settings.kafka_security_protocol}
    if settings.kafka_security_protocol.startswith("SASL"):
        config |= {
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.username": settings.kafka_username,
            "sasl.password": settings.kafka_password.get_secret_value(),
        }
    return config


def broker_answers(bootstrap: str, timeout_s: float = 2.0) -> bool:
    """Whether a broker at `bootstrap` describes its cluster within `timeout_s`."""
    try:
        _admin({"bootstrap.servers": bootstrap}).list_topics(timeout=timeout_s)
    except KafkaException:
        return False
    return True


def ensure_topics(client: Mapping[str, str], topics: Sequence[Topic]) -> list[str]:
    """Make the cluster hold what is declared; returns one line for each change (none when all was there).

    Missing topics are created. Partitions, retention and message limit are raised to what is declared, never lowered, and nothing is
    deleted: lowering retention throws events away, which is a person's decision.

    Raises:
        BrokerError: no broker answers, or it refuses a change.
    """
    with _clear_errors(client):
        admin = _admin(client)
        present = _metadata(admin).topics
        missing = [topic for topic in topics if topic.name not in present]
        changes = _create(admin, missing)
        kept = [topic for topic in topics if topic.name in present]
        changes += _raise_partitions(admin, kept, {topic.name: len(present[topic.name].partitions) for topic in kept})
        changes += _raise_config(admin, kept)
        if changes:
            # A new partition has a leader in the metadata a moment before its broker serves it.
            _offsets(client, [(topic.name, partition) for topic in topics for partition in range(topic.partitions)], OffsetSpec.latest())
        return changes


def _create(admin: AdminClient, topics: Sequence[Topic]) -> list[str]:
    if topics:
        new = [NewTopic(t.name, num_partitions=t.partitions, replication_factor=t.replication, config=t.config()) for t in topics]
        _wait(admin.create_topics(new))
    return [f"{topic.name}: created with {topic.partitions} partitions" for topic in topics]


def _raise_partitions(admin: AdminClient, topics: Sequence[Topic], present: Mapping[str, int]) -> list[str]:
    behind = [topic for topic in topics if topic.partitions > present[topic.name]]
    if behind:
        _wait(admin.create_partitions([NewPartitions(topic.name, topic.partitions) for topic in behind]))
    return [f"{topic.name}: {present[topic.name]} -> {topic.partitions} partitions" for topic in behind]


def _raise_config(admin: AdminClient, topics: Sequence[Topic]) -> list[str]:
    if not topics:
        return []
    described = _wait(admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic.name) for topic in topics]))
    present = {resource.name: {name: entry.value for name, entry in config.items()} for resource, config in described.items()}
    changes, resources = [], []
    for topic in topics:
        wanted = {name: value for name, value in topic.config().items() if _is_raised(value, present[topic.name][name])}
        if wanted:
            entries = [ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in wanted.items()]
            resources.append(ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=entries))
            changes += [f"{topic.name}: {name} {present[topic.name][name]} -> {value}" for name, value in wanted.items()]
    if resources:
        _wait(admin.incremental_alter_configs(resources))
    return changes


def _is_raised(declared: str, present: str) -> bool:
    """Numbers only go up (-1 is unlimited); words are set as declared."""
    if declared.isdigit() and present.lstrip("-").isdigit():
        return int(present) >= 0 and int(declared) > int(present)
    return declared != present


def partitions_count(client: Mapping[str, str], names: Sequence[str]) -> int:
    """How many partitions the named topics have together; a topic that does not exist has none.

    Raises:
        BrokerError: no broker answers.
    """
    with _clear_errors(client):
        present = _metadata(_admin(client)).topics
    return sum(len(present[name].partitions) for name in names if name in present)


def topic_ids(client: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """The id that the broker gave each of these topics when it was made; a topic that does not exist has none.

    Raises:
        BrokerError: no broker answers.
    """
    with _clear_errors(client):
        admin = _admin(client)
        topics = _metadata(admin).topics
        present = [name for name in names if name in topics]
        told = _wait(admin.describe_topics(TopicCollection(present), request_timeout=ANSWER_TIMEOUT_S)) if present else {}
    return {name: str(topic.topic_id) for name, topic in told.items()}


@dataclass(frozen=True)
class TopicHealth:
    """What an operator checks first: does each partition have a leader and all its replicas in sync?"""

    name: str
    exists: bool
    partitions: int = 0
    leaderless: int = 0
    under_replicated: int = 0

    @property
    def healthy(self) -> bool:
        """Events can be written, with the promised copies."""
        return self.exists and not self.leaderless and not self.under_replicated


def topic_health(client: Mapping[str, str], names: Sequence[str]) -> list[TopicHealth]:
    """Leader and in-sync replicas of each topic.

    Raises:
        BrokerError: no broker answers.
    """
    with _clear_errors(client):
        present = _metadata(_admin(client)).topics
    healths = []
    for name in names:
        if name not in present:
            healths.append(TopicHealth(name, exists=False))
            continue
        partitions = present[name].partitions.values()
        leaderless = sum(partition.leader < 0 for partition in partitions)
        under_replicated = sum(len(partition.isrs) < len(partition.replicas) for partition in partitions)
        healths.append(TopicHealth(name, True, len(partitions), leaderless, under_replicated))
    return healths


@dataclass(frozen=True)
class Lag:
    """How far a consumer is behind the end of one partition, in records. `leader_epoch` grows each time the partition gets a leader."""

    topic: str
    partition: int
    committed: int
    end: int
    leader_epoch: int | None = None

    @property
    def records(self) -> int:
        """Offsets not yet processed; transaction markers count too, so this bounds the records from above."""
        return max(0, self.end - self.committed)


Offsets = Mapping[tuple[str, int], int]


def consumer_lag(client: Mapping[str, str], committed: Offsets, names: Sequence[str]) -> list[Lag]:
    """Lag of every partition of the named topics behind `committed` ((topic, partition) -> next offset; absent: nothing read yet).

    Raises:
        BrokerError: no broker answers, or a topic does not exist.
    """
    with _clear_errors(client):
        present = _metadata(_admin(client)).topics
        absent = [name for name in names if name not in present]
        if absent:
            raise BrokerError(f"topic {', '.join(absent)} does not exist; run `playhead topics ensure`")
        pairs = [(name, partition) for name in names for partition in sorted(present[name].partitions)]
        ends = _offsets(client, pairs, OffsetSpec.latest())
        starts = _offsets(client, pairs, OffsetSpec.earliest())
    return [Lag(*pair, committed.get(pair, starts[pair].offset), ends[pair].offset, ends[pair].leader_epoch) for pair in pairs]


def stable_offsets(client: Mapping[str, str], names: Sequence[str]) -> dict[tuple[str, int], int]:
    """How far those who read only committed records are shown each partition: to its end, or to the first transaction that has not ended.

    Raises:
        BrokerError: no broker answers.
    """
    with _clear_errors(client):
        present = _metadata(_admin(client)).topics
        pairs = [(name, partition) for name in names if name in present for partition in sorted(present[name].partitions)]
        shown = _offsets(client, pairs, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED)
        return {pair: info.offset for pair, info in shown.items()}


def committed_offsets(checkpoint: str) -> dict[tuple[str, int], int]:
    """Next offsets after the last micro-batch that a streaming query committed, read from its checkpoint (empty: no batch yet)."""
    offsets = read_finished_offsets(checkpoint)
    return {(topic, int(partition)): offset for topic, by_partition in offsets.items() for partition, offset in by_partition.items()}


def is_electing(error: BaseException) -> bool:
    """Whether this answer is that of a partition that was just made, for which the broker serves no leader yet."""
    return isinstance(error, KafkaException) and error.args[0].code() in _ELECTING


def _admin(client: Mapping[str, str]) -> AdminClient:
    return AdminClient({**client, "logger": logger, "socket.connection.setup.timeout.ms": int(ANSWER_TIMEOUT_S * 1000)})


def _metadata(admin: AdminClient) -> ClusterMetadata:
    return admin.list_topics(timeout=ANSWER_TIMEOUT_S)


def _wait(futures: Mapping[Any, Future[Any]]) -> dict[Any, Any]:
    return {key: future.result(timeout=ANSWER_TIMEOUT_S) for key, future in futures.items()}


@retry(retry=retry_if_exception(is_electing), stop=stop_after_delay(ANSWER_TIMEOUT_S), wait=wait_fixed(0.1), reraise=True)
def _offsets(
    client: Mapping[str, str],
    pairs: Sequence[tuple[str, int]],
    spec: OffsetSpec,
    isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
) -> dict[tuple[str, int], ListOffsetsResultInfo]:
    # A client of its own for each try: librdkafka's cached metadata never learns of partitions added meanwhile.
    admin = _admin(client)
    found = _wait(admin.list_offsets({TopicPartition(*pair): spec for pair in pairs}, isolation_level=isolation))
    return {(partition.topic, partition.partition): info for partition, info in found.items()}


@contextmanager
def _clear_errors(client: Mapping[str, str]) -> Iterator[None]:
    """Any failure of the client library becomes one line that says what to do."""
    bootstrap = client["bootstrap.servers"]
    try:
        yield
    except TimeoutError as error:
        raise BrokerError(f"Kafka at {bootstrap} did not answer within {ANSWER_TIMEOUT_S:.0f} s; see `playhead status`") from error
    except KafkaException as error:
        problem = error.args[0]
        if problem.code() in _UNREACHABLE:
            raise BrokerError(
                f"no Kafka broker answers at {bootstrap}; start it with `playhead up`, or set PLAYHEAD_KAFKA_BOOTSTRAP"
            ) from error
        raise BrokerError(f"Kafka at {bootstrap} refused: {problem.str()}; see `playhead logs kafka`") from error
