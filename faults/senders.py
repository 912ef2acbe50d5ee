"""Sending is cut off, by the broker or by the producer; in the end every acknowledged event is there, and none twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faults.model import Fault, NotInjectedError

if TYPE_CHECKING:
    from pathlib import Path

    from faults.scene import Scene

_GROUP = "broker and producer"


def unacknowledged(scene: Scene) -> None:
    """The broker has the records; the producer dies before its ledger says so, and sends them all again."""
    scene.sender(1).killed_at("openat", _acked(scene))
    if not _acked(scene).with_name("sent-0.csv").stat().st_size:
        raise NotInjectedError("nothing was sent")
    scene.land(1, 2)


def _acked(scene: Scene) -> Path:
    return scene.ledgers / "load-1" / "acked-0.csv"


FAULTS = (Fault("unacknowledged", _GROUP, "a producer is killed between sending and writing down that it did", unacknowledged),)
