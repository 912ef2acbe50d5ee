"""The app is killed at an exact point of a batch of `live`; started again, it must know the plays under way as if nothing had happened."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from faults.loads import read_load
from faults.model import Fault, NotInjectedError, NotSurvivedError
from playhead.events.ledger import Ledger
from playhead.events.producer import Producer, Record
from playhead.io.checkpoint import read_checkpoint
from playhead.io.delta_table import query_log, table_version
from playhead.jobs.live import TABLE
from playhead.local.processes import log_tail

if TYPE_CHECKING:
    from pathlib import Path

    from faults.scene import Scene

_GROUP = "stream crash"
_COUNTED = "SELECT sum(plays_count)::BIGINT AS begun, arg_max(open_count, event_minute) AS under_way FROM log"


def live_state(scene: Scene) -> None:
    """Two plays begin, and the state that tells of them is written, but not that its batch has ended; then one ends, and two begin."""
    app = scene.app(forever=True)
    with app.started() as process:
        app.wait_for(lambda: _finished(scene) is not None, process)
        _send(scene, ("one", "video_play"), ("two", "video_play"))
        app.wait_for(lambda: _is_writing(scene), process)
        scene.harm.note()
    if not _is_writing(scene):
        raise NotInjectedError(f"the state was not written, or its batch was finished already; {log_tail(app.log)}")
    with app.running() as process:
        _send(scene, ("two", "video_stop"), ("three", "video_play"), ("four", "video_play"))
        app.wait_for(lambda: _counts(scene) == (4, 3), process)
        if _counts(scene) != (4, 3):
            raise NotSurvivedError(f"of 4 plays, of which 3 are under way, {_counts(scene)} were counted")


def _send(scene: Scene, *events: tuple[str, str]) -> None:
    """Events of now: of a play, and what happens to it."""
    sent = (json.loads(record.value) for record in read_load(scene.state_dir, 1) if record.event_id)
    told = next(event for event in sent if event["event_type"] == "video_play")
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    own = {"event_timestamp": moment, "sent_at": moment, "received_at": moment}
    records = []
    for play, event_type in events:
        event_id = str(uuid.uuid4())
        event = told | own | {"event_id": event_id, "event_type": event_type, "playback_id": play}
        records.append(Record("video_events", play, json.dumps(event).encode(), event_id))
    producer = Producer(scene.client, Ledger(scene.ledgers, "now"))
    producer.send(records)
    producer.close()


def _is_writing(scene: Scene) -> bool:
    """Whether the state is of a batch that has not ended."""
    finished = _finished(scene)
    return finished is not None and max(_state_versions(scene.live_checkpoint), default=0) > finished + 1


def _finished(scene: Scene) -> int | None:
    checkpoint = read_checkpoint(str(scene.live_checkpoint))
    return None if checkpoint is None else checkpoint.finished


def _state_versions(checkpoint: Path) -> list[int]:
    """What has been written of the state; a batch reads the version of its number and writes the next one."""
    return [int(path.stem) for path in (checkpoint / "state" / "0" / "0").glob("*.changelog") if path.stem.isdigit()]


def _counts(scene: Scene) -> tuple[int | None, int | None]:
    """Plays that have begun, and those that are under way in the newest minute."""
    if table_version(scene.lake, TABLE) is None:
        return None, None
    (row,) = query_log(scene.lake, TABLE, _COUNTED)
    return row["begun"], row["under_way"]


FAULTS = (
    Fault(
        "live_state",
        _GROUP,
        "killed when the state of `live` is written and its batch is not finished",
        live_state,
        ("StreamStopped",),
        ends_here=True,
    ),
)
