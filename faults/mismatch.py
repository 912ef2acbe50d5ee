"""Checkpoint, table and topics that tell of different pasts: the app must stop and say so, not pass records over or land them twice."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from deltalake import DeltaTable

from faults.model import Fault, Guard
from playhead.contracts.model import event_topics
from playhead.io.kafka import ensure_topics
from playhead.io.topics import declared_topics
from playhead.local.processes import wait_until

if TYPE_CHECKING:
    from faults.scene import Scene

_GROUP = "mismatch"
_WAIT_S = 30
_MORE = 16  # partitions than any topic has


def topics_made_anew(scene: Scene) -> None:
    """The topics are deleted and made again, and hold more records than before: other ones are at the offsets that have landed."""
    admin, topics = AdminClient(scene.client), set(event_topics())
    for future in admin.delete_topics(list(topics), operation_timeout=_WAIT_S).values():
        future.result(_WAIT_S)

    def are_gone() -> bool:  # a moment after the broker has said so
        return topics.isdisjoint(admin.list_topics(timeout=_WAIT_S).topics)

    wait_until(are_gone, lambda: True, "the end of the topics", scene.broker.log, _WAIT_S)
    scene.make_topics()
    for load in (1, 2, 0):
        scene.send(load)
    scene.land_stops("made again")


def expired_unread(scene: Scene) -> None:
    """Records expire in Kafka before the app has read them."""
    scene.send(1)
    admin = AdminClient(scene.client)
    partitions = [
        TopicPartition(topic, partition, -1)
        for topic in event_topics()
        for partition in admin.list_topics(topic, timeout=_WAIT_S).topics[topic].partitions
    ]
    for future in admin.delete_records(partitions).values():
        future.result(_WAIT_S)
    scene.land_stops("failOnDataLoss")


def checkpoint_gone(scene: Scene) -> None:
    """The checkpoint is deleted, the table is there."""
    shutil.rmtree(scene.checkpoint)
    scene.send(1)
    scene.land_stops("restore the checkpoint from a backup")


def metadata_gone(scene: Scene) -> None:
    """The checkpoint has lost the file that says whose it is; it is put back."""
    metadata = scene.checkpoint / "metadata"
    backup = metadata.rename(scene.directory / "metadata")
    scene.send(1)
    scene.land_stops("restore the checkpoint from a backup")
    backup.rename(metadata)
    scene.land(2)


def table_restored(scene: Scene) -> None:
    """Someone restores the table to the version before the last batch; it is undone."""
    scene.land(1)
    table = DeltaTable(scene.bronze)
    newest = table.version()
    table.restore(newest - 1)
    scene.send(2)
    scene.land_stops("restore the table")
    table.restore(newest)
    scene.land()


def partitions_added(scene: Scene) -> None:
    """Topics get more partitions, which must be read too."""
    ensure_topics(scene.client, list(declared_topics(dict.fromkeys(event_topics(), _MORE), 1).values()))
    scene.harm.note()
    scene.land(1)
    scene.land(2)


_STOPPED = ("StreamStopped",)
FAULTS = (
    Fault(
        "topics_made_anew",
        _GROUP,
        "the topics are deleted and made again",
        topics_made_anew,
        _STOPPED,
        Guard("same_topics", "lost"),
        ends_here=True,
    ),
    Fault(
        "expired_unread",
        _GROUP,
        "records expire before they are read",
        expired_unread,
        _STOPPED,
        Guard("lost_offsets", "lost"),
        ends_here=True,
    ),
    Fault("checkpoint_gone", _GROUP, "the checkpoint is deleted", checkpoint_gone, _STOPPED, Guard("same_past", "doubled"), ends_here=True),
    Fault("metadata_gone", _GROUP, "the checkpoint's metadata is deleted, and put back", metadata_gone, _STOPPED),
    Fault(
        "table_restored",
        _GROUP,
        "the table is restored to an older version, and back",
        table_restored,
        _STOPPED,
        Guard("same_past", "lost"),
    ),
    Fault("partitions_added", _GROUP, "the topics get more partitions", partitions_added, ("TopicGrew",)),
)
