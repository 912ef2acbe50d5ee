"""Producers that send in transactions: what is taken back must not land, and what others have sent must not be lost behind it."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa
from confluent_kafka import KafkaException, Producer

from faults.loads import read_load
from faults.model import Fault, Guard, NotInjectedError, NotSurvivedError
from faults.senders import segments
from playhead.contracts.model import event_topics
from playhead.errors import StackError
from playhead.events.ledger import Ledger
from playhead.events.producer import sent_rows
from playhead.local.processes import wait_until
from playhead.observability.metrics import END_OFFSET, STABLE_OFFSET
from playhead.observability.sources.kafka import read_lag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faults.scene import Scene
    from playhead.events.producer import Record

_GROUP = "broker and producer"
_SOMEONE = "someone"
_SIZES = {"message.max.bytes": 5 * 2**20, "batch.size": 900_000}  # as of our own producer
_ANSWERS_WITHIN_S = 30
_OPEN_S = 60  # how long the broker leaves a transaction open: longer than the app runs meanwhile
_ENDS_WITHIN_S = 120


def zombie(scene: Scene) -> None:
    """A producer is taken for dead and another one takes its place; it wakes, and ends its transaction too late."""
    asleep = _begin_transaction(scene, _taken_back(scene))
    scene.harm.note()
    scene.wait_for_alarm()
    _transactional(scene)
    try:
        asleep.commit_transaction(_ANSWERS_WITHIN_S)
    except KafkaException:
        scene.land(1, 2)
    else:
        raise NotInjectedError("the broker let it end its transaction")


def open_transaction(scene: Scene) -> None:
    """A producer dies within a transaction: what others send after it is held back until the broker ends it."""
    _begin_transaction(scene, _taken_back(scene))
    scene.harm.note()
    scene.land(1)
    scene.require_batches(planned=0, finished=0, landed=0)
    _wait_until_shown(scene)
    scene.land(2)


def broker_killed_at_commit(scene: Scene) -> None:
    """The broker has written down that a transaction is to stand, and dies before it tells the topics.

    Its events are acknowledged when the commit is, which the broker does when it is back. Kafka 4.4 then forgets to tell the topics
    (KAFKA-20734): what was sent to them is held back until the producer sends the transaction again, as the runbook has it.
    """
    ledger = Ledger(scene.ledgers, "load-1")
    producer, sent = _begin_recorded(scene, ledger)
    with ThreadPoolExecutor(1) as beside:
        with scene.broker.killed_at("write", *segments(scene)):
            committed = beside.submit(producer.commit_transaction, _ENDS_WITHIN_S)
        committed.result()
    ledger.record_acked(sent)
    scene.land(2)
    if _is_held_back(scene):  # not where Kafka has mended it
        producer, sent = _begin_recorded(scene, ledger)
        producer.commit_transaction(_ENDS_WITHIN_S)
        ledger.record_acked(sent)
        _wait_until_shown(scene)
        scene.land()
    ledger.close()


def _taken_back(scene: Scene) -> list[Record]:
    """The events of a load under other ids, so that they are seen where they land."""
    told = [record for record in read_load(scene.state_dir, 1) if record.event_id]
    return [record._replace(value=record.value.replace(record.event_id.encode(), str(uuid.uuid4()).encode())) for record in told]


def _begin_recorded(scene: Scene, ledger: Ledger) -> tuple[Producer, pa.Array]:
    """A producer that has sent a load, as the ledger says, and has not said yet that it is to stand; and the load's numbers there."""
    records = read_load(scene.state_dir, 1)
    numbers = range(ledger.next_sequence, ledger.next_sequence + len(records))
    ledger.record_sent(sent_rows(records, numbers))
    return _begin_transaction(scene, records, ledger.producer_id, numbers.start), pa.array(numbers, pa.int64())


def _begin_transaction(scene: Scene, records: Sequence[Record], producer_id: str = _SOMEONE, first: int = 0) -> Producer:
    """A producer that has sent records, and has not said yet that they are to stand."""
    producer = _transactional(scene)
    producer.begin_transaction()
    for number, record in enumerate(records, first):
        headers = [("producer_id", producer_id.encode()), ("producer_sequence", b"%d" % number)]
        producer.produce(record.topic, record.value, record.key, headers=headers)
    producer.flush(_ANSWERS_WITHIN_S)
    return producer


def _transactional(scene: Scene) -> Producer:
    """The producer of transactions, in the place of any that there was before."""
    # The same records go to the same partitions each time, those without a key too.
    own = {"transactional.id": _SOMEONE, "transaction.timeout.ms": _OPEN_S * 1000, "partitioner": "consistent", "log_level": 2}
    producer = Producer({**scene.client, **_SIZES, **own})
    producer.init_transactions(_ANSWERS_WITHIN_S)
    return producer


def _wait_until_shown(scene: Scene) -> None:
    """Wait until the broker has ended the transaction."""
    try:
        wait_until(lambda: not _is_held_back(scene), lambda: True, "the end of the transaction", scene.broker.log, _ENDS_WITHIN_S)
    except StackError as error:
        raise NotSurvivedError(str(error)) from error


def _is_held_back(scene: Scene) -> bool:
    """Whether there are records that the broker does not show yet, as the exporter tells."""
    told = read_lag(scene.client, str(scene.checkpoint), event_topics())
    return told[STABLE_OFFSET] != told[END_OFFSET]


_HELD_BACK = ("RecordsHeldBack",)
FAULTS = (
    Fault(
        "zombie", _GROUP, "a producer that was taken for dead ends its transaction", zombie, _HELD_BACK, Guard("read_committed", "altered")
    ),
    Fault(
        "broker_killed_at_commit",
        _GROUP,
        "the broker is killed when a transaction is to stand and no topic knows; Kafka forgets it, and it is sent again",
        broker_killed_at_commit,
        ("LeadersChanged",),
    ),
    Fault("open_transaction", _GROUP, "a producer dies within a transaction", open_transaction, _HELD_BACK),
)
