"""Checkpoint, table and topics that tell of different pasts: the app must stop and say so, not pass records over or land them twice."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from confluent_kafka.admin import AdminClient

from faults.model import Fault, Guard
from playhead.contracts.model import event_topics

if TYPE_CHECKING:
    from faults.scene import Scene

_GROUP = "mismatch"
_WAIT_S = 30


def topics_made_anew(scene: Scene) -> None:
    """The topics are deleted and made again, and hold more records than before: other ones are at the offsets that have landed."""
    admin = AdminClient(scene.client)
    for future in admin.delete_topics(list(event_topics()), operation_timeout=_WAIT_S).values():
        future.result(_WAIT_S)
    scene.make_topics()
    for load in (1, 2, 0):
        scene.send(load)
    scene.land_stops("made again")


def checkpoint_gone(scene: Scene) -> None:
    """The checkpoint is deleted, the table is there."""
    shutil.rmtree(scene.checkpoint)
    scene.send(1)
    scene.land_stops("restore the checkpoint from a backup")


FAULTS = (
    Fault(
        "topics_made_anew",
        _GROUP,
        "the topics are deleted and made again",
        topics_made_anew,
        Guard("same_topics", "lost"),
        ends_here=True,
    ),
    Fault("checkpoint_gone", _GROUP, "the checkpoint is deleted", checkpoint_gone, Guard("same_past", "doubled"), ends_here=True),
)
