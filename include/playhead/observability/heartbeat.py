"""The streaming app's heartbeat: a small file, written after every batch and while idle, that says how far bronze has come."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playhead.errors import StackError
from playhead.settings import get_settings

STALE_AFTER = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The app's last sign of life. Times are ISO 8601, UTC; batch_id is -1 before the first batch of this process.

    The totals are of this process: they begin at zero when the app starts. `failures` counts those of work beside landing, by its name.
    `stops` counts, by reason, how often an app ended here that nobody had asked to end. `ended_because` is one of those reasons, or empty.
    `is_ready` where the app has its engine. `alive_at` is when this app, or the one before it, was ready last; of the last silence that was
    too long, `silent_from` to `silent_until`, the apps after it go on to tell.
    """

    updated_at: str
    started_at: str
    batch_id: int
    batch_rows: int
    batch_ms: int
    rows_per_s: float
    batch_finished_at: str | None
    rows_total: int = 0
    batches_total: int = 0
    batches_ms_total: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    stops: dict[str, int] = field(default_factory=dict)
    ended_at: str | None = None
    ended_because: str = ""
    is_ready: bool = True
    alive_at: str | None = None
    silent_from: str | None = None
    silent_until: str | None = None


def alive(beat: Heartbeat, now: datetime) -> Heartbeat:
    """The heartbeat of an app that is ready now, with the silence before it where that was too long."""
    told = replace(beat, alive_at=now.isoformat(timespec="milliseconds"))
    if beat.alive_at is None or now - datetime.fromisoformat(beat.alive_at) <= STALE_AFTER:
        return told
    return replace(told, silent_from=beat.alive_at, silent_until=told.alive_at)


def heartbeat_path(home: Path) -> Path:
    """Where the heartbeat of the stack at `home` lies."""
    return home / "run" / "stream_heartbeat.json"


def refusals_path(home: Path) -> Path:
    """Where each app leaves a line that found another one running."""
    return home / "run" / "stream_refusals.log"


def write_heartbeat(path: Path, beat: Heartbeat) -> None:
    """Replace the heartbeat in one step, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(beat), indent=2) + "\n", encoding="utf-8")
    part.replace(path)


def read_heartbeat(home: Path) -> Heartbeat | None:
    """The last heartbeat, or None where no app ever ran."""
    path = heartbeat_path(home)
    if not path.is_file():
        return None
    return Heartbeat(**json.loads(path.read_text(encoding="utf-8")))


def require_heartbeat(home: Path) -> Heartbeat:
    """The last heartbeat.

    Raises:
        StackError: no app ever ran.
    """
    beat = read_heartbeat(home)
    if beat is None:
        raise StackError("the streaming app has never run here; start it with `playhead up stream`")
    return beat


def check_heartbeat(home: Path, *, now: datetime | None = None) -> dict[str, object]:
    """The heartbeat as a summary, if it is fresh.

    Raises:
        StackError: there is none, it is stale, the app is starting, or it has ended by itself; the message says what to do.
    """
    beat = require_heartbeat(home)
    if beat.ended_because:
        raise StackError(
            f"the streaming app ended at {beat.ended_at} ({beat.ended_because}); read `playhead logs stream`, "
            "and docs/runbooks.md under StreamStopped"
        )
    if not beat.is_ready:
        raise StackError(f"the streaming app is starting since {beat.started_at}; wait for it, or read `playhead logs stream`")
    age = (now or datetime.now(UTC)) - datetime.fromisoformat(beat.updated_at)
    if age > STALE_AFTER:
        raise StackError(
            f"the streaming app's heartbeat is {age.total_seconds():.0f} s old (at most {STALE_AFTER.seconds} s is healthy); "
            "read `playhead logs stream`, then restart it with `playhead up stream`"
        )
    return {**asdict(beat), "age_s": round(age.total_seconds(), 1)}


def main() -> None:
    """Health check of a container: exit code 1 and the reason when the heartbeat is stale."""
    try:
        check_heartbeat(get_settings().home)
    except StackError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
