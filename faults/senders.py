"""Sending is cut off, by the broker or by the producer; in the end every acknowledged event is there, and none twice."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING

from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from faults.model import Fault, NotInjectedError, NotSurvivedError
from playhead.contracts.model import event_topics
from playhead.local.processes import log_tail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from faults.scene import Scene

_GROUP = "broker and producer"
_WAIT_S = 30
_HELD_S = 40
_CUTS = 3
_SILENT_S = 60
_SENDS_WITHIN_S = 150  # longer than the producer itself waits for an acknowledgement


def broker_killed(scene: Scene) -> None:
    """The broker dies while records come in, and is started again."""
    hurt_while_sending(scene, lambda: has_acknowledged(scene), scene.broker.kill_and_start)
    scene.land(2)


def broker_killed_at_roll(scene: Scene) -> None:
    """The broker dies when it has just begun a new segment of a topic, and is started again."""
    rolled = ConfigEntry("segment.ms", "1", incremental_operation=AlterConfigOpType.SET)
    topics = [ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[rolled]) for topic in event_topics()]
    admin = AdminClient({**scene.client, "log_level": 2})  # it outlives its broker; one that nobody holds would end before it has answered
    for future in admin.incremental_alter_configs(topics).values():
        future.result(_WAIT_S)
    before = segments(scene)
    hurt_while_sending(scene, lambda: segments(scene) > before, scene.broker.kill_and_start)
    scene.land(2)


def broker_held(scene: Scene) -> None:
    """The broker stands still for a while, and then goes on."""

    def hold() -> None:
        scene.broker.signal(signal.SIGSTOP)
        time.sleep(_HELD_S)
        scene.broker.signal(signal.SIGCONT)

    hurt_while_sending(scene, lambda: has_acknowledged(scene), hold)
    scene.land(2)


def cut_off(scene: Scene) -> None:
    """The way to the broker is cut, again and again, when it has taken records and is about to say so."""
    with scene.broker.behind_proxy(cuts=_CUTS) as way:
        scene.harm.note()
        scene.send(1)
    if way.cuts:
        raise NotInjectedError(f"the way was cut only {_CUTS - way.cuts} times")
    scene.land(2)


def no_bandwidth(scene: Scene) -> None:
    """The way to the broker stays, and for a while lets nothing through."""
    with scene.broker.behind_proxy() as way:

        def let_nothing_through() -> None:
            scene.harm.note()
            way.lets_through.clear()
            time.sleep(_SILENT_S)
            way.lets_through.set()

        hurt_while_sending(scene, lambda: has_acknowledged(scene), let_nothing_through)
    scene.land(2)


def unacknowledged(scene: Scene) -> None:
    """The broker has the records; the producer dies before its ledger says so, and sends them all again."""
    scene.sender(1).killed_at("openat", _acked(scene))
    if not _acked(scene).with_name("sent-0.csv").stat().st_size:
        raise NotInjectedError("nothing was sent")
    scene.wait_for_alarm()
    scene.land(1, 2)


def hurt_while_sending(scene: Scene, is_so: Callable[[], bool], hurt: Callable[[], None]) -> None:
    """Send a load, and do something to the broker as soon as something is so; the producer must go on by itself."""
    sender = scene.sender(1)
    with sender.running() as process:
        sender.wait_for(is_so, process)
        hurt_in_time = process.poll() is None
        hurt()
        try:
            gave_up = process.wait(_SENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            gave_up = True
        if gave_up:
            raise NotSurvivedError(f"the producer did not send everything; {log_tail(sender.log)}")
    if not hurt_in_time:
        raise NotInjectedError("all was sent already")


def segments(scene: Scene) -> set[Path]:
    """The files in which the broker keeps the events."""
    return {path for topic in event_topics() for path in (scene.broker.directory / "data").glob(f"{topic}-*/*.log")}


def has_acknowledged(scene: Scene) -> bool:
    """Whether the ledger of the load that is being sent tells of an acknowledgement."""
    return _acked(scene).exists() and _acked(scene).stat().st_size > 0


def _acked(scene: Scene) -> Path:
    return scene.ledgers / "load-1" / "acked-0.csv"


_ELECTED = ("LeadersChanged",)
_WAITS = ("BrokerDown", "ProducerStuck")
FAULTS = (
    Fault("broker_killed", _GROUP, "the broker is killed while records come in", broker_killed, _ELECTED),
    Fault("broker_killed_at_roll", _GROUP, "the broker is killed when it begins a new segment", broker_killed_at_roll, _ELECTED),
    Fault("broker_held", _GROUP, f"the broker stands still for {_HELD_S} s while records come in", broker_held, _WAITS),
    Fault(
        "cut_off",
        _GROUP,
        "the way to the broker is cut when it has taken records and is about to say so",
        cut_off,
        ("ProducerDisconnected",),
    ),
    Fault(
        "no_bandwidth", _GROUP, f"the way to the broker lets nothing through for {_SILENT_S} s while records come in", no_bandwidth, _WAITS
    ),
    Fault(
        "unacknowledged", _GROUP, "a producer is killed between sending and writing down that it did", unacknowledged, ("ProducerStuck",)
    ),
)
