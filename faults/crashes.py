"""The streaming app is killed, with all its processes, at an exact point of a batch; started again, it must end where it would have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from faults.changes import HALF_A_FILE
from faults.model import Fault, Guard, NotInjectedError

if TYPE_CHECKING:
    from faults.scene import Scene

_GROUP = "stream crash"


def planned(scene: Scene) -> None:
    """The batch is planned in the checkpoint, and nothing of it is written."""
    scene.send(1)
    before = _files(scene)
    scene.app().killed_when((scene.checkpoint / "offsets" / "1").exists)
    if _files(scene) != before:
        raise NotInjectedError("files of the batch were there already")
    scene.require_batches(planned=1, finished=0, landed=0)
    scene.land(2)


def in_a_file(scene: Scene) -> None:
    """A file of the batch is half written."""
    scene.send(1)
    before = _files(scene)
    scene.app(changed=HALF_A_FILE).killed_when(lambda: any(path.stat().st_size for path in _files(scene) - before))
    if any(_is_whole(path) for path in _files(scene) - before):
        raise NotInjectedError("a file was whole already")
    scene.require_batches(planned=1, finished=0, landed=0)
    scene.land(2)


def before_commit(scene: Scene) -> None:
    """The batch's files are written; the commit that would show them is about to get its name."""
    scene.send(1)
    scene.app().killed_at("linkat", scene.next_commit("bronze.events"), is_quick=True)
    scene.require_batches(planned=1, finished=0, landed=0)
    scene.land(2)


def after_commit(scene: Scene) -> None:
    """The batch is in the table; the checkpoint does not know it yet."""
    scene.send(1)
    scene.app().killed_at("unlink", scene.next_commit("bronze.events"), is_quick=True)
    scene.require_batches(planned=1, finished=0, landed=1)
    scene.land(2)


def after_finish(scene: Scene) -> None:
    """Table and checkpoint both have the batch; the app is not told any more."""
    scene.send(1)
    scene.app().killed_when((scene.checkpoint / "commits" / "1").exists)
    scene.require_batches(planned=1, finished=1, landed=1)
    scene.land(2)


def twice_on_one_batch(scene: Scene) -> None:
    """The app dies on a batch, and on its second attempt too."""
    scene.send(1)
    scene.app().killed_at("linkat", scene.next_commit("bronze.events"), is_quick=True)
    scene.require_batches(planned=1, finished=0, landed=0)
    scene.app().killed_at("unlink", scene.next_commit("bronze.events"), is_quick=True)
    scene.require_batches(planned=1, finished=0, landed=1)
    scene.land(2)


def delta_checkpoint(scene: Scene) -> None:
    """The table's log is being summed up in a checkpoint of its own."""
    DeltaTable(scene.bronze).alter.set_table_properties({"delta.checkpointInterval": "1"})
    scene.send(1)
    commit = scene.next_commit("bronze.events")
    number = commit.name.partition(".")[0]
    scene.app().killed_at("rename", commit.with_name(f"{number}.checkpoint.parquet#1"), is_quick=True)
    scene.require_batches(planned=1, finished=0, landed=1)
    scene.land(2)


def _files(scene: Scene) -> set[Path]:
    return set(scene.bronze.glob("landed_date=*/*.parquet"))


def _is_whole(path: Path) -> bool:
    try:
        pq.read_metadata(path)
    except pa.ArrowInvalid:
        return False
    return True


_STOPPED = ("StreamStopped",)
_NUMBERED = Guard("batch_number", "doubled")
FAULTS = (
    Fault("planned", _GROUP, "killed when the batch is planned and nothing of it is written", planned, _STOPPED),
    Fault("in_a_file", _GROUP, "killed when a file of the batch is half written", in_a_file, _STOPPED),
    Fault("before_commit", _GROUP, "killed when the batch's files are written and no commit shows them", before_commit, _STOPPED),
    Fault(
        "after_commit", _GROUP, "killed when the table has the batch and the checkpoint does not know it", after_commit, _STOPPED, _NUMBERED
    ),
    Fault("after_finish", _GROUP, "killed when table and checkpoint have the batch", after_finish, _STOPPED),
    Fault("twice_on_one_batch", _GROUP, "killed twice on the same batch", twice_on_one_batch, _STOPPED, _NUMBERED),
    Fault("delta_checkpoint", _GROUP, "killed while the table's log is summed up in a checkpoint", delta_checkpoint, _STOPPED),
)
