"""Two of what there must be one of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deltalake import DeltaTable

from faults.committing import open_table, table_of
from faults.model import Fault, Guard, NotInjectedError, NotSurvivedError
from playhead.local.processes import log_tail

if TYPE_CHECKING:
    from faults.scene import Scene

_GROUP = "two writers"
_COMMIT_S = 120
_ALIGNED = 150  # commits of each of two writers
_DELAYED = 5
_DELAY_S = 0.8


def second_app(scene: Scene) -> None:
    """A second streaming app is started on the lake of one that runs; it must name who holds the lake, and the first goes on."""
    first = replace(scene.app(forever=True), log_name="first.log")
    scene.send(1)
    with first.running() as process:
        first.wait_for((scene.checkpoint / "commits" / "1").exists, process)  # else the two might only get into each other's way
        if process.poll() is not None:
            raise NotInjectedError(f"the first streaming app had ended; {log_tail(first.log)}")
        scene.land_stops("is being written by the streaming app")
        scene.send(2)
        first.wait_for((scene.checkpoint / "commits" / "2").exists, process)
        if process.poll() is not None:
            raise NotSurvivedError(f"the first streaming app ended too; {log_tail(first.log)}")
    scene.land()


def commits_at_once(scene: Scene) -> None:
    """Two processes commit to one table, again and again at the same moment."""
    _commit_side_by_side(scene, _ALIGNED, delay_s=0)


def commits_delayed(scene: Scene) -> None:
    """One of them is held each time just before its commit gets its name."""
    _commit_side_by_side(scene, _DELAYED, delay_s=_DELAY_S)


def _commit_side_by_side(scene: Scene, count: int, *, delay_s: float) -> None:
    open_table(scene.directory)
    one, other = scene.committer("one", "other", count), scene.committer("other", "one", count)
    if delay_s:
        one = one.delayed("linkat,rename", delay_s)
    with one.running() as first, other.running() as second:
        codes = first.wait(_COMMIT_S), second.wait(_COMMIT_S)
    if any(codes):
        raise NotSurvivedError(f"the writers ended with {codes}")
    if lost := 2 * count - len(DeltaTable(table_of(scene.directory)).file_uris()):
        raise NotSurvivedError(f"of {2 * count} commits that were acknowledged {lost} are overwritten", lost=lost)


_NOBODY = ()  # the store decides between two commits, as it should
_ABSENT = Guard("put_if_absent", "lost")
FAULTS = (
    Fault(
        "second_app",
        _GROUP,
        "a second streaming app is started on the same lake",
        second_app,
        ("SecondWriter",),
        Guard("one_writer", "silent"),
    ),
    Fault(
        "commits_at_once",
        _GROUP,
        f"two processes commit {_ALIGNED} times each, at the same moments",
        commits_at_once,
        _NOBODY,
        _ABSENT,
        ends_here=True,
    ),
    Fault("commits_delayed", _GROUP, "of two processes one is held before each commit", commits_delayed, _NOBODY, _ABSENT, ends_here=True),
)
