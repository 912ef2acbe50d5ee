"""The watcher's sign of life: when it last looked at all deadlines and what it saw, as a small file."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playhead.settings import get_settings

STALE_AFTER = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class WatchSign:
    """When the watcher looked (Unix time), how many intervals of each table were overdue then, and how many notices no mail server took."""

    looked_at: float
    overdue: dict[str, int] = field(default_factory=dict)
    unsent: int = 0


def write_sign(home: Path, sign: WatchSign) -> None:
    """Replace the sign in one step."""
    path = _path(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(sign)), encoding="utf-8")
    part.replace(path)


def read_sign(home: Path) -> WatchSign | None:
    """The last sign; None where the watcher never looked."""
    path = _path(home)
    return WatchSign(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def is_watching(home: Path, *, now: datetime | None = None) -> bool:
    """Whether the watcher has looked of late."""
    sign = read_sign(home)
    return sign is not None and (now or datetime.now(UTC)).timestamp() - sign.looked_at < STALE_AFTER.total_seconds()


def main() -> None:
    """Health check of a container: exit code 1 where the watcher has not looked of late."""
    if not is_watching(get_settings().home):
        sys.exit(f"the watcher has not looked at the deadlines in the last {STALE_AFTER.seconds} s; read its log")


def _path(home: Path) -> Path:
    return home / "run" / "watcher.json"


if __name__ == "__main__":
    main()
