"""Producers that send in transactions: what is taken back must not land, and what others have sent must not be lost behind it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from confluent_kafka import IsolationLevel, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from faults.loads import read_load
from faults.model import Fault, Guard, NotInjectedError
from playhead.contracts.model import event_topics
from playhead.local.processes import wait_until

if TYPE_CHECKING:
    from faults.scene import Scene

_GROUP = "broker and producer"
_SIZES = {"message.max.bytes": 5 * 2**20, "batch.size": 900_000}  # as of our own producer
_ANSWERS_WITHIN_S = 30
_OPEN_S = 60  # how long the broker leaves a transaction open: longer than the app runs meanwhile
_ENDS_WITHIN_S = 120


def zombie(scene: Scene) -> None:
    """A producer is taken for dead and another one takes its place; it wakes, and ends its transaction too late."""
    asleep = _begin_transaction(scene)
    _transactional(scene)
    try:
        asleep.commit_transaction(_ANSWERS_WITHIN_S)
    except KafkaException:
        scene.land(1, 2)
    else:
        raise NotInjectedError("the broker let it end its transaction")


def open_transaction(scene: Scene) -> None:
    """A producer dies within a transaction: what others send after it is held back until the broker ends it."""
    _begin_transaction(scene)
    scene.land(1)
    scene.require_batches(planned=0, finished=0, landed=0)
    wait_until(lambda: not _is_held_back(scene), lambda: True, "the end of the transaction", scene.broker.log, _ENDS_WITHIN_S)
    scene.land(2)


def _begin_transaction(scene: Scene) -> Producer:
    """A producer that has sent the events of a load under other ids, and has not said yet that they are to stand."""
    producer = _transactional(scene)
    producer.begin_transaction()
    for record in read_load(scene.state_dir, 1):
        if record.event_id:
            producer.produce(record.topic, record.value.replace(record.event_id.encode(), str(uuid.uuid4()).encode()), record.key)
    producer.flush(_ANSWERS_WITHIN_S)
    return producer


def _transactional(scene: Scene) -> Producer:
    """The producer of transactions, in the place of any that there was before."""
    own = {"transactional.id": "someone", "transaction.timeout.ms": _OPEN_S * 1000, "log_level": 2}
    producer = Producer({**scene.client, **_SIZES, **own})
    producer.init_transactions(_ANSWERS_WITHIN_S)
    return producer


def _is_held_back(scene: Scene) -> bool:
    """Whether the broker holds records that it does not show yet."""
    admin = AdminClient(scene.client)  # one that nobody holds would end before it has answered
    ends = {TopicPartition(topic, 0): OffsetSpec.latest() for topic in event_topics()}
    held, shown = (
        [future.result().offset for future in admin.list_offsets(ends, isolation_level=level).values()]
        for level in (IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED)
    )
    return held != shown


FAULTS = (
    Fault("zombie", _GROUP, "a producer that was taken for dead ends its transaction", zombie, Guard("read_committed", "altered")),
    Fault("open_transaction", _GROUP, "a producer dies within a transaction", open_transaction),
)
