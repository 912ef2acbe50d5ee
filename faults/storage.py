"""Storage that is full, fails, or has lost something: the app must stop and say so, and go on from where it was once that is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faults.model import Fault, Guard
from faults.senders import has_acknowledged, hurt_while_sending
from faults.small_disk import full_disk, small_disk
from playhead.io.delta_table import table_version
from playhead.local.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from faults.scene import Scene

_GROUP = "storage"
_FULL = "No space left on device"
_TORN_BYTES = 20
_ENDS_WITHIN_S = 60


def full_at_files(scene: Scene) -> None:
    """The disk is full when a batch's files are written."""
    _landing_fails_on(scene, scene.bronze)
    scene.require_batches(planned=1, finished=0, landed=0)
    scene.land(2)


def full_at_log(scene: Scene) -> None:
    """The disk is full when a batch is committed."""
    _landing_fails_on(scene, scene.bronze / "_delta_log")
    scene.land(2)


def full_at_checkpoint(scene: Scene) -> None:
    """The disk is full when a batch is planned."""
    _landing_fails_on(scene, scene.checkpoint)
    scene.require_batches(planned=0, finished=0, landed=0)
    scene.land(2)


def full_at_broker(scene: Scene) -> None:
    """The broker's disk is full while records come in: it ends, is given room and started again; the producer waits for it."""
    broker = scene.broker
    broker.stop()
    with small_disk(broker.directory / "data") as disk:
        broker.start()

        def fill_until_it_ends() -> None:
            disk.fill()
            wait_until(broker.has_ended, lambda: True, "the broker's end", broker.log, _ENDS_WITHIN_S)
            scene.harm.note()
            scene.wait_for_alarm()
            disk.make_room()
            broker.stop()
            broker.start()

        hurt_while_sending(scene, lambda: has_acknowledged(scene), fill_until_it_ends)
        broker.stop()
    broker.start()
    scene.land(2)


def unreadable(scene: Scene) -> None:
    """The disk fails when the app reads how far it had come."""
    scene.send(1)
    scene.app().fails_at("read", scene.checkpoint / "commits" / "0", "EIO")
    scene.require_batches(planned=0, finished=0, landed=0)
    scene.land(2)


def torn_plan(scene: Scene) -> None:
    """What the newest batch was planned to be is cut off; nothing of the batch has landed, so the plan may be deleted."""
    scene.send(1)
    plan = scene.checkpoint / "offsets" / "1"
    scene.app().killed_when(plan.with_name(".1.crc").exists)  # which comes after the plan, and is left where that alone is deleted
    scene.require_batches(planned=1, finished=0, landed=0)
    plan.write_bytes(plan.read_bytes()[:-_TORN_BYTES])
    scene.land_stops("delete it: the batch has not landed")
    plan.unlink()
    scene.land(2)


def torn_mark(scene: Scene) -> None:
    """The mark that the newest batch was finished is cut off; the batch has landed, so the mark may be deleted."""
    mark = scene.checkpoint / "commits" / "0"
    mark.write_bytes(mark.read_bytes()[:-_TORN_BYTES])
    scene.send(1)
    scene.land_stops("delete it: batch 0 is run again")
    mark.unlink()
    scene.land(2)


def commit_gone(scene: Scene) -> None:
    """The newest commit of the table is lost; it is put back."""
    scene.land(1)
    commit = scene.bronze / "_delta_log" / f"{table_version(scene.lake, 'bronze.events'):020d}.json"
    backup = commit.rename(scene.directory / commit.name)
    scene.send(2)
    scene.land_stops("restore the table")
    backup.rename(commit)
    scene.land()


def _landing_fails_on(scene: Scene, directory: Path) -> None:
    scene.send(1)
    with full_disk(directory):
        scene.land_stops(_FULL)


_STOPPED = ("StreamStopped",)
FAULTS = (
    Fault("full_at_files", _GROUP, "the disk is full when a batch's files are written", full_at_files, _STOPPED),
    Fault("full_at_log", _GROUP, "the disk is full when a batch is committed", full_at_log, _STOPPED),
    Fault("full_at_checkpoint", _GROUP, "the disk is full when a batch is planned", full_at_checkpoint, _STOPPED),
    Fault("full_at_broker", _GROUP, "the broker's disk is full while records come in", full_at_broker, ("BrokerDown",)),
    Fault("unreadable", _GROUP, "reading the checkpoint fails", unreadable, _STOPPED),
    Fault(
        "torn_plan",
        _GROUP,
        "the plan of a batch that has not landed is cut off",
        torn_plan,
        _STOPPED,
        Guard("stray_checksums", "stopped"),
    ),
    Fault("torn_mark", _GROUP, "the mark that the newest batch was finished is cut off", torn_mark, _STOPPED),
    Fault("commit_gone", _GROUP, "the table's newest commit is deleted, and put back", commit_gone, _STOPPED, Guard("same_past", "lost")),
)
